/** What a terminal acts on, or shows nothing of: controls, line breaks, what turns the reading direction round, what is to be ignored. */
export const UNSEEN = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}\p{Default_Ignorable_Code_Point}\ufff9-\ufffb]/gu

/** Anything of others as JSON: what a terminal may act on or hide is escaped too, so nothing of it moves a cursor or passes for less. */
export const quoted = (value: unknown): string => escaped(JSON.stringify(value))

/** The same over several lines. */
export const quotedLines = (value: unknown): string => escaped(JSON.stringify(value, null, 2))

const escaped = (json: string): string =>
  json.replace(UNSEEN, (letter) =>
    letter === '\n' ? letter : letter.replace(/[\s\S]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`),
  )

/** Begin and end of a long text, and how long it is: what stands beside it shall not leave the screen. */
export const shortened = (text: string, most = 240): string =>
  text.length <= most ? text : `${text.slice(0, most - 60)} … ${text.slice(-40)} (${text.length} characters)`

/** A host in so many columns: its end says whose it is, and a port stands there, so its middle goes. */
export function inMiddle(text: string, width: number): string {
  if (Bun.stringWidth(text) <= width) return text
  const head = Math.floor((width - 1) / 3)
  return `${Bun.sliceAnsi(text, 0, head)}…${Bun.sliceAnsi(text, -(width - 1 - head))}`
}

const ORDINARY_NAME = /^[\w./@+:-]{1,80}$/

/** A name that a box chose, within a sentence: cut, and in quotes without a blank, so that no line of a terminal begins with words of it. */
export function nameInside(name: string): string {
  if (ORDINARY_NAME.test(name)) return name
  const short = name.length <= 80 ? name : `${name.slice(0, 26)}…${name.slice(-53)}`
  return quoted(short).replace(/[\p{Zs}\u2800]/gu, (blank) => `\\u${blank.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** The first of many texts and how many more there are: what others write shall not fill the screen. */
export const firstOf = (texts: readonly string[], most = 10): string =>
  [
    ...texts.slice(0, most).map((text) => shortened(text)),
    ...(texts.length > most ? [`and ${texts.length - most} more`] : []),
  ].join(', ')

/** Characters that break lines, terminals or mount tables; everything else is a legal name. */
const CONTROL = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/u

export const hasControl = (text: string): boolean => CONTROL.test(text)

/** A path as it may be shown to a person: what would move the cursor, or would not be seen, is escaped. */
export const shown = (path: string): string =>
  path.replace(UNSEEN, (character) => `\\u{${character.codePointAt(0)?.toString(16) ?? ''}}`)

/** Bytes of a path that a system still takes. */
const MOST_PATH = 4096

/** What no system takes for a path, so that nobody walks along it or shows all of it. */
export const isTooLong = (path: string): boolean => Buffer.byteLength(path) > MOST_PATH

/** What makes one picture of several, as in most faces and flags. */
const IN_PICTURES = /(?<=\p{Extended_Pictographic}[\ufe0f\p{Emoji_Modifier}]?)[\u200d\ufe0f]/u

const UNPRINTED = new RegExp(`(?!${IN_PICTURES.source})${UNSEEN.source}`, 'gu')

/** Text of others on a terminal of ours: no character survives that it acts on or hides. */
export const printable = (text: string): string => text.replace(UNPRINTED, '�')

const COLOUR = new RegExp(`${String.fromCharCode(27)}\\[[\\d;]*m`, 'g')
const UNLAID = new RegExp(`(?![\\n\\r\\t])${UNPRINTED.source}`, 'gu')

/** What programs of others print, as it comes: lines and tabs stay, and the returns by which a progress paints over its line. */
export const printableOutput = (text: string): string => text.replace(COLOUR, '').replace(UNLAID, '�')

/** The same as JSON: every character that a terminal may act on is escaped, so nothing is lost. */
export const jsonLine = quoted

/** Longer ones were not mistyped, and take their time. */
const MOST_LETTERS = 64

/** The candidate a mistyped word most likely meant, or null when none is close. */
export function nearest(word: string, candidates: readonly string[]): string | null {
  if (word.length > MOST_LETTERS) return null
  const scored = candidates.map((candidate) => [distance(word, candidate), candidate] as const).sort(([a], [b]) => a - b)
  const [best] = scored
  return best !== undefined && best[0] <= Math.max(1, Math.floor(best[1].length / 3)) ? best[1] : null
}

/** Letters to add, drop, change or swap with their neighbour. */
function distance(a: string, b: string): number {
  let before: readonly number[] = []
  let row: readonly number[] = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 0; i < a.length; i++) {
    const next = [i + 1]
    for (let j = 0; j < b.length; j++) {
      const swapped = i > 0 && j > 0 && a[i] === b[j - 1] && a[i - 1] === b[j] ? (before[j - 1] ?? 0) + 1 : Infinity
      next.push(Math.min((next[j] ?? 0) + 1, (row[j + 1] ?? 0) + 1, (row[j] ?? 0) + (a[i] === b[j] ? 0 : 1), swapped))
    }
    before = row
    row = next
  }
  return row[b.length] ?? 0
}
