/**
 * Strings of a TypeScript text, in its order and without their quotes. Of a template it has the text alone: what stands between `${` and `}`
 * is code, and the strings in it come as strings of their own.
 */
export function literals(text: string): readonly string[] {
  const found: string[] = []
  let at = 0
  const code = (end: string): void => {
    let last = ''
    while (at < text.length) {
      const char = text[at] ?? ''
      if (char === end) break
      const skipped = /^(?:\/\/.*|\/\*[\s\S]*?\*\/|\s+)/.exec(text.slice(at, at + 4000))?.[0]
      const regex = /[\w)\]'"`]/.test(last) ? undefined : REGEX.exec(text.slice(at, at + 2000))?.[0]
      if (skipped !== undefined) at += skipped.length
      else if (char === "'" || char === '"') last = quoted(char)
      else if (char === '`') last = template()
      else if (regex !== undefined) {
        at += regex.length
        last = ')'
      } else {
        at++
        if (char === '{') code('}')
        last = char === '{' ? '' : char
        if (char === '{') at++
      }
    }
  }
  const quoted = (quote: string): string => {
    const start = ++at
    while (at < text.length && text[at] !== quote) at += text[at] === '\\' ? 2 : 1
    found.push(text.slice(start, at++))
    return quote
  }
  const template = (): string => {
    const slot = found.push('') - 1
    let own = ''
    at++
    while (at < text.length && text[at] !== '`') {
      if (text.startsWith('${', at)) {
        at += 2
        code('}')
        at++
        own += '…'
      } else {
        const length = text[at] === '\\' ? 2 : 1
        own += text.slice(at, at + length)
        at += length
      }
    }
    at++
    found[slot] = own
    return '`'
  }
  code('')
  return found
}

const REGEX = /^\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/
