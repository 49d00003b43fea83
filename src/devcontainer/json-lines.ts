const TOKEN = /"(?:[^"\\]|\\.)*"|\/\/[^\n]*|\/\*[\s\S]*?\*\/|[{}[\]:,]|[^\s{}[\]:,"/]+/g

/** No key that is checked lies deeper. */
const MOST_DEEP = 20

type Level = { readonly list: boolean; name: string; next: number }

/** The line of a key or entry of a text that parses, by its path like `build.args.NAME` or `mounts.0`; where it is missing, that of what should hold it. null for the whole. */
export function lineOf(text: string, path: string): number | null {
  const lines = linesIn(text)
  for (let known = path; known !== ''; known = known.includes('.') ? known.slice(0, known.lastIndexOf('.')) : '') {
    const line = lines.get(known)
    if (line !== undefined) return line
  }
  return null
}

/** Every path and its line; of a key that stands there twice, the last, which is the one that counts. */
function linesIn(text: string): ReadonlyMap<string, number> {
  const lines = new Map<string, number>()
  const stack: Level[] = []
  let [line, seen, awaitsName] = [1, 0, false]
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    if (token.startsWith('//') || token.startsWith('/*')) continue
    for (; seen < index; seen++) if (text[seen] === '\n') line++
    const level = stack.at(-1)
    const note = () => {
      if (stack.length <= MOST_DEEP) lines.set(stack.map(({ name }) => name).join('.'), line)
    }
    if (token === '}' || token === ']') {
      stack.pop()
      awaitsName = false
    } else if (token === ',') awaitsName = level?.list === false
    else if (token === ':') awaitsName = false
    else if (awaitsName && level !== undefined) {
      level.name = nameOf(token)
      note()
    } else {
      if (level?.list) {
        level.name = String(level.next++)
        note()
      }
      if (token === '{' || token === '[') {
        stack.push({ list: token === '[', name: '', next: 0 })
        awaitsName = token === '{'
      }
    }
  }
  return lines
}

function nameOf(token: string): string {
  try {
    return String(JSON.parse(token))
  } catch {
    return token
  }
}
