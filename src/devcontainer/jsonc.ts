import { randomUUID } from 'node:crypto'
import { PaudeError } from '../errors.ts'
import { shown } from '../workspace/paths.ts'

/** Reads JSON with comments and trailing commas. A broken text is fatal, with the line where it breaks. */
export function parseJsonc(file: string, text: string): unknown {
  const fault = faultOf(text)
  if (fault === null) return Bun.JSONC.parse(text)
  const line = fault.ends ? null : brokenLine(text, fault.message)
  throw new PaudeError('config', `${shown(file)}${line === null ? '' : `:${line}`}: not valid JSON: ${fault.message}`, {
    hint: `correct ${line === null ? 'it' : 'that line'}, or go on without it: paude --devcontainer=off`,
  })
}

type Fault = { readonly message: string; readonly ends: boolean }

/** The parser takes one value and is silent about what follows; a mark behind it tells whether all of the text was that value. */
function faultOf(text: string): Fault | null {
  const alone = complaint(text)
  if (alone !== null) return alone
  const mark = randomUUID()
  const body = text.startsWith('\ufeff') ? text.slice(1) : text
  try {
    const found = Bun.JSONC.parse(`[${body}\n,${JSON.stringify(mark)}]`)
    if (Array.isArray(found) && found[1] === mark) return null
  } catch {}
  return { message: 'something follows its end', ends: true }
}

function complaint(text: string): Fault | null {
  try {
    Bun.JSONC.parse(text)
    return null
  } catch (error) {
    if (error instanceof RangeError) return { message: 'nested too deeply', ends: true }
    const message = (error as Error).message.replace(/^JSONC Parse error: /, '')
    return { message, ends: /end of (file|input)/.test(message) }
  }
}

/** The parser does not tell where it stopped: it is the first line with which the text, cut off behind it, has this very fault. */
function brokenLine(text: string, message: string): number {
  const lines = text.split('\n')
  let [low, high] = [1, lines.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (complaint(lines.slice(0, middle).join('\n'))?.message === message) high = middle
    else low = middle + 1
  }
  return low
}
