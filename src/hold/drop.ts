const BEGIN = '\x1b[200~'
const END = '\x1b[201~'

/** Characters of a paste that may be paths. */
const LONGEST = 8192

/**
 * Looks for pastes in what is typed, also when they come in pieces, and hands their text to `take`: what that returns is pasted in their
 * place, null leaves them as they are. Bytes are letters here.
 */
export function makeDropScanner(take: (text: string) => string | null): (typed: string) => string {
  let held = ''
  return (typed) => {
    let rest = held + typed
    let out = ''
    held = ''
    for (;;) {
      const begin = rest.indexOf(BEGIN)
      if (begin === -1) return out + rest
      const end = rest.indexOf(END, begin)
      if (end === -1 && rest.length - begin > LONGEST) return out + rest
      if (end === -1) {
        held = rest.slice(begin)
        return out + rest.slice(0, begin)
      }
      const bytes = rest.slice(begin + BEGIN.length, end)
      const text = Buffer.from(bytes, 'latin1').toString('utf8')
      const instead = bytes.length > LONGEST ? null : take(text)
      out += rest.slice(0, begin) + BEGIN + (instead === null ? bytes : Buffer.from(instead).toString('latin1')) + END
      rest = rest.slice(end + END.length)
    }
  }
}
