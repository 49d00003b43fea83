/** A TOML text without its long lists, and what puts them back into what was read. */
type Shortened = {
  readonly text: string
  /** Changes `found`, plain data; false where not every list has its place there, so that the whole text has to be read. */
  readonly restore: (found: unknown) => boolean
}

/**
 * Takes long lists of plain strings out of a TOML text before the parser sees it: it reads a sign at a time, and ten thousand hosts take it 25 ms.
 * Each leaves a list of one word that nobody can guess. Where the parser finds this word as the only one of a list, a value was expected there, and
 * the list is what it would have read; elsewhere, as in a comment or in another string, it is not found. null where there is no such list.
 */
export function withoutLongLists(text: string): Shortened | null {
  const mark = crypto.randomUUID()
  const lists: (readonly string[])[] = []
  const parts: string[] = []
  let done = 0
  for (const { index, 0: start } of text.length < WORTH ? [] : text.matchAll(LIST)) {
    const from = index + start.length
    const end = text.indexOf(']', from)
    if (from < done || end - from < WORTH) continue
    const body = text.slice(from, end)
    const list = plainStrings(body)
    if (list === null) continue
    parts.push(text.slice(done, from), `"${mark} ${lists.length}"`)
    lists.push(list)
    done = end
  }
  if (lists.length === 0) return null
  return {
    text: [...parts, text.slice(done)].join(''),
    restore: (found) => {
      let missing = lists.length
      const visit = (value: unknown): unknown => {
        if (typeof value !== 'object' || value === null) return value
        const [word, ...more] = Array.isArray(value) ? (value as readonly unknown[]) : []
        if (more.length === 0 && typeof word === 'string' && word.startsWith(`${mark} `)) {
          missing--
          return [...(lists[Number(word.slice(mark.length))] ?? [])]
        }
        for (const [key, before] of Object.entries(value)) {
          const after = visit(before)
          // A key may be called __proto__.
          if (after !== before) Object.defineProperty(value, key, { value: after })
        }
        return value
      }
      visit(found)
      return missing === 0
    },
  }
}

/** Signs from which on a list is worth it. */
const WORTH = 4096

/** A key that begins a line, and its bracket. */
const LIST = /^[ \t]*[\w.-]+[ \t]*=[ \t]*\[/gm

/** Escapes, and signs that the parser treats by rules of its own. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: exactly those
const ODD = /[\\\u0000-\u0008\u000b-\u001f\u007f]/

const BETWEEN = /^[ \t\n]*,[ \t\n]*$/
const AROUND = /^[ \t\n]*$/

/** What stands between the brackets of a list, where that is strings of a line in double quotes and nothing else. */
function plainStrings(body: string): readonly string[] | null {
  if (ODD.test(body)) return null
  const words = body.split('"')
  const [before = '', last = ''] = [words[0], words.at(-1)]
  if (words.length % 2 === 0 || !AROUND.test(before) || !(AROUND.test(last) || BETWEEN.test(last))) return null
  const strings: string[] = []
  // Most lists have the same between all their words.
  let known = ''
  for (let at = 1; at < words.length; at += 2) {
    const [word = '', between = ''] = [words[at], words[at + 1]]
    if (word.includes('\n')) return null
    if (at < words.length - 2 && between !== known) {
      if (!BETWEEN.test(between)) return null
      known = between
    }
    strings.push(word)
  }
  return strings
}
