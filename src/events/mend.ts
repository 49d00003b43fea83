/** Reads the beginning of a JSON text whose end was cut off: what was complete, and the string in which it was cut. undefined when there is nothing. */
export function mended(text: string): unknown {
  const { open, inString, safe } = scan(text)
  // In a string: its beginning is worth having, unless it is a key. A cut number would be another number.
  const whole = inString ? `${withoutHalfEscape(text)}"` : /["}\]]$/.test(text) ? text : null
  return (whole === null ? undefined : parsed(whole + closers(open))) ?? parsed(text.slice(0, safe.at) + closers(safe.open))
}

type Scan = {
  /** Brackets that wait for their end. */
  readonly open: string
  readonly inString: boolean
  /** The last place where the text could have ended after a whole value. */
  readonly safe: { readonly at: number; readonly open: string }
}

function scan(text: string): Scan {
  let open = ''
  let inString = false
  let safe = { at: 0, open: '' }
  for (let at = 0; at < text.length; at++) {
    const letter = text[at]
    if (inString) {
      if (letter === '\\') at++
      else if (letter === '"') inString = false
    } else if (letter === '"') inString = true
    else if (letter === '{' || letter === '[') {
      open += letter
      safe = { at: at + 1, open }
    } else if (letter === '}' || letter === ']') {
      open = open.slice(0, -1)
      safe = { at: at + 1, open }
    } else if (letter === ',') safe = { at, open }
  }
  return { open, inString, safe }
}

const closers = (open: string): string =>
  [...open]
    .reverse()
    .map((bracket) => (bracket === '{' ? '}' : ']'))
    .join('')

/** Without the beginning of an escape sequence that was cut. */
function withoutHalfEscape(text: string): string {
  // Backwards: a pattern would try every backslash of a text that is nothing else.
  const end = text.length - (/u[0-9a-fA-F]{0,3}$/.exec(text.slice(-4))?.[0].length ?? 0)
  const slashesBefore = (at: number): number => {
    let count = 0
    while (count < at && text[at - 1 - count] === '\\') count++
    return count
  }
  for (const at of end === text.length ? [end] : [end, text.length]) if (slashesBefore(at) % 2 === 1) return text.slice(0, at - 1)
  return text
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
