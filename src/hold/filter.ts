import { makeTokenizer, type Token } from './tokens.ts'

/** What becomes of one token. */
export type Verdict = {
  /** For the emulator: it keeps the screen, and answers what it knows. */
  readonly screen: string
  /** For the terminals of people: nothing that outlives the screen, asks the terminal or writes the clipboard. */
  readonly clients: string
  /** Our answer to the agent, where the emulator has none. */
  readonly reply: string
  /** Body of an OSC that tells the state of the agent, or '' */
  readonly status: string
}

const NOTHING: Verdict = { screen: '', clients: '', reply: '', status: '' }
const both = (text: string): Verdict => ({ ...NOTHING, screen: text, clients: text })
const screenOnly = (text: string): Verdict => ({ ...NOTHING, screen: text })

/** What a token meets: how we call ourselves when the agent asks which terminal this is, and the size of the screen. */
export type Surroundings = {
  readonly name: string
  readonly columns: number
  readonly rows: number
}

/** Decides what a token may do. */
export function judge(token: Token, around: Surroundings): Verdict {
  switch (token.kind) {
    case 'text':
      return both(token.text)
    case 'esc':
      return escapeSequence(token.text)
    case 'osc':
      return osc(token.body)
    case 'csi':
      return csi(token, around)
  }
}

/** Modes that a screen needs; unknown ones would stay set in a terminal that we cannot put right. */
export const MODES: ReadonlySet<number> = new Set([
  ...[1, 5, 6, 7, 12, 25, 45, 47, 66],
  ...[1000, 1002, 1003, 1004, 1005, 1006, 1015, 1047, 1048, 1049],
  ...[2004, 2026],
])

function escapeSequence(text: string): Verdict {
  if (/^\x1b[78DEHM=>]$/.test(text) || /^\x1b[()*+][0-9A-Za-z]$/.test(text) || text === '\x1b#8') return both(text)
  // A full reset would take the scrollback of the user's terminal with it.
  if (text === '\x1bc') return { ...NOTHING, screen: text, clients: '\x1b[!p\x1b[?1049l\x1b[2J\x1b[H' }
  return NOTHING
}

/** Finals that move, paint or erase, and take numbers. */
const PAINTING = new Set([...'ABCDEFGHILMPSTXZ@`abdefr'])
/** More of these than the screen has rows or columns does nothing more, and costs terminals time for each. */
const ROWS = new Set([...'LMST'])
const COLUMNS = new Set([...'IPXZ@b'])
/** No side of a screen is longer, see the holder's `sizeOf`. */
const LONGEST_SIDE = 1000

type Csi = Extract<Token, { kind: 'csi' }>

/** Numbers of a sequence that moves or paints, none larger than makes sense; null when they are no numbers. */
function bounded({ params, final }: Csi, { columns, rows }: Surroundings): string | null {
  if (!/^[\d;]*$/.test(params)) return null
  const most = ROWS.has(final) ? rows : COLUMNS.has(final) ? columns : LONGEST_SIDE
  return params.replace(/\d+/g, (digits) => String(Math.min(Number(digits), most)))
}

function csi(token: Csi, around: Surroundings): Verdict {
  const { text, mark, params, between, final } = token
  switch (`${mark}${between}`) {
    case '':
      if (final === 'J' || final === 'K') return erase('', params, final)
      if (PAINTING.has(final)) {
        const numbers = bounded(token, around)
        return numbers === null ? NOTHING : both(`\x1b[${numbers}${final}`)
      }
      if (final === 'm' || ((final === 's' || final === 'u') && params === '')) return both(text)
      // Insert mode alone: the others lock the keyboard, echo or change line ends, and would outlive the session.
      if (final === 'h' || final === 'l') return /^0*4$/.test(params) ? both(`\x1b[4${final}`) : NOTHING
      // Device attributes and cursor position: the emulator answers.
      return final === 'c' || final === 'n' ? screenOnly(text) : NOTHING
    case ' ':
      return final === 'q' ? both(text) : NOTHING
    case '!':
      return final === 'p' ? both(text) : NOTHING
    case '?':
      return privateCsi(text, params, final)
    case '?$':
    case '$':
      return final === 'p' ? screenOnly(text) : NOTHING
    case '>':
      if (final === 'u' || (final === 'm' && params.startsWith('4'))) return both(text)
      if (final === 'q') return { ...NOTHING, reply: `\x1bP>|${around.name}\x1b\\` }
      return final === 'c' ? screenOnly(text) : NOTHING
    case '<':
    case '=':
      return final === 'u' ? both(text) : final === 'c' ? screenOnly(text) : NOTHING
    default:
      return NOTHING
  }
}

/** 3 would take the scrollback of the user's terminal; the emulator's own may go. */
function erase(mark: string, params: string, final: string): Verdict {
  const [what = ''] = /^0*([0-3]?);?$/.exec(params)?.slice(1) ?? ['none']
  if (what === 'none') return NOTHING
  const text = `\x1b[${mark}${what}${final}`
  return what === '3' ? screenOnly(text) : both(text)
}

function privateCsi(text: string, params: string, final: string): Verdict {
  switch (final) {
    case 'h':
    case 'l': {
      const known = params.split(';').filter((mode) => MODES.has(Number(mode)))
      // One by one: a client recognises the alternate screen by it.
      return { ...NOTHING, screen: text, clients: known.map((mode) => `\x1b[?${Number(mode)}${final}`).join('') }
    }
    case 'J':
    case 'K':
      return erase('?', params, final)
    case 'n':
      return screenOnly(text)
    case 'u': // kitty keyboard: known, nothing switched on yet
      return { ...NOTHING, reply: '\x1b[?0u' }
    default:
      return NOTHING
  }
}

/** Longest title in characters; longest address of a link. */
const TITLE = 200
const LINK = 2048

function osc(body: string): Verdict {
  const [, number = '', value = ''] = /^(\d{1,5})(?:;([\s\S]*))?$/.exec(body) ?? []
  switch (number) {
    case '0':
    case '2': // what terminals of people get of it, the holder says
      return { ...screenOnly(`\x1b]2;${cleanTitle(value)}\x07`), status: body.slice(0, 1000) }
    case '8':
      return both(link(value))
    case '10':
      return value === '?' ? { ...NOTHING, reply: '\x1b]10;rgb:e5e5/e5e5/e5e5\x1b\\' } : NOTHING
    case '11':
      return value === '?' ? { ...NOTHING, reply: '\x1b]11;rgb:0000/0000/0000\x1b\\' } : NOTHING
    case '7501':
      return { ...NOTHING, reply: value === '?' ? '\x1b]7501;?\x1b\\' : '', status: value === '?' ? '' : body.slice(0, 20_000) }
    // 52 writes the clipboard; 9, 99 and 777 notify; 4 to 19 recolour: none of it is the screen.
    default:
      return NOTHING
  }
}
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g

/** A title without anything that a terminal or a reader could mistake. */
export const cleanTitle = (text: string, most = TITLE): string => text.replace(UNSEEN, '').slice(0, most)

/** A link that a person may click: web addresses only. Anything else ends the link before it. */
function link(value: string): string {
  const address = value.slice(value.indexOf(';') + 1)
  const safe = /^https?:\/\/[!-~]*$/.test(address) && address.length <= LINK
  return `\x1b]8;;${safe ? address : ''}\x1b\\`
}

/** A filter for a stream that no emulator keeps: of what a terminal could do with it, text and colours are left. */
export function colouredText(): (bytes: Uint8Array) => string {
  const tokenize = makeTokenizer()
  const decoder = new TextDecoder()
  const shown = (token: Token): string =>
    token.kind === 'text' || (token.kind === 'csi' && token.final === 'm' && `${token.mark}${token.between}` === '')
      ? token.text
      : ''
  return (bytes) =>
    tokenize(decoder.decode(bytes, { stream: true }))
      .map(shown)
      .join('')
}
