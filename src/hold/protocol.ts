/** What goes over the holder's socket: a length (4 bytes, little endian), one letter, the rest as bytes. */
export type Frame = { readonly kind: Kind; readonly body: Uint8Array }

/**
 * To the holder: `h` hello (JSON, first), `i` input, `r` size (JSON), `q` a question (JSON).
 * From the holder: `o` bytes for the terminal, `a` the answer to a question (JSON), `l` a line of the log, `x` the end (JSON).
 */
export type Kind = 'h' | 'i' | 'r' | 'q' | 'o' | 'a' | 'l' | 'x'

export type Hello = {
  readonly columns: number
  readonly rows: number
  /** Sees, but neither types nor decides the size. */
  readonly readOnly: boolean
}

export type Question =
  | { readonly ask: 'screen'; readonly format: 'text' | 'ansi' | 'html'; readonly scrollback: number }
  | {
      readonly ask: 'send'
      readonly text: string
      readonly keys: string
      readonly enter: boolean
      /** It means something only as a paste, so an agent that has just started is waited for. */
      readonly pasted?: true
    }
  /** Lines that came no earlier than `since`, milliseconds since 1970. */
  | { readonly ask: 'log'; readonly follow: boolean; readonly since: number }
  /** Answered with '' once the agent runs, or with an End once it is known that it cannot. */
  | { readonly ask: 'started' }

export type End = {
  readonly code: number
  /** The engine never started it: what its client said stands on the screen. */
  readonly failed: boolean
  readonly text: string
  /** What stood on the screen. */
  readonly rest: string
  /** The agent was cut off: something stands below its cursor. */
  readonly cut: boolean
}

/** The answer to a `send` that reaches nobody, as long as the engine does not answer. */
export const UNHEARD = '\0'

const LARGEST = 16 * 1024 * 1024
const encoder = new TextEncoder()

export function frame(kind: Kind, body: Uint8Array | string): Uint8Array {
  const bytes = typeof body === 'string' ? encoder.encode(body) : body
  const whole = new Uint8Array(5 + bytes.length)
  new DataView(whole.buffer).setUint32(0, bytes.length, true)
  whole[4] = kind.charCodeAt(0)
  whole.set(bytes, 5)
  return whole
}

export const json = (
  kind: Kind,
  value: Hello | Question | End | { readonly columns: number; readonly rows: number } | string,
): Uint8Array => frame(kind, JSON.stringify(value))

/** Puts frames together from a stream; throws on a length that no peer of ours sends. */
export function makeReader(): (chunk: Uint8Array) => readonly Frame[] {
  let rest = new Uint8Array(0)
  return (chunk) => {
    const input = rest.length === 0 ? chunk : concat(rest, chunk)
    const frames: Frame[] = []
    let at = 0
    while (input.length - at >= 5) {
      const length = new DataView(input.buffer, input.byteOffset + at).getUint32(0, true)
      if (length > LARGEST) throw new Error('a frame of impossible length')
      if (input.length - at < 5 + length) break
      frames.push({ kind: String.fromCharCode(input[at + 4] ?? 0) as Kind, body: input.slice(at + 5, at + 5 + length) })
      at += 5 + length
    }
    rest = input.slice(at)
    return frames
  }
}

export function parse(body: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(body))
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(a.length + b.length)
  whole.set(a)
  whole.set(b, a.length)
  return whole
}
