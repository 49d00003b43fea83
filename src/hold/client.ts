import { type End, frame, json, type Kind, makeReader, parse, type Question } from './protocol.ts'
import type { Size } from './screen.ts'

/** A connection to a holder. */
export type Line = {
  readonly send: (bytes: Uint8Array) => void
  readonly close: () => void
}

type Handlers = {
  readonly onFrame: (kind: Kind, body: Uint8Array) => void
  readonly onClose: () => void
}

/** Connects; null when nobody listens. */
export async function connect(path: string, { onFrame, onClose }: Handlers): Promise<Line | null> {
  const read = makeReader()
  let waiting: Uint8Array[] = []
  try {
    const socket = await Bun.connect({
      unix: path,
      socket: {
        data(peer, chunk) {
          try {
            for (const { kind, body } of read(chunk)) onFrame(kind, body)
          } catch {
            peer.end()
          }
        },
        drain: () => flush(),
        close: () => onClose(),
        error: () => undefined,
        connectError: () => undefined,
      },
    })
    const flush = () => {
      const bytes = waiting
      waiting = []
      for (const [index, part] of bytes.entries()) {
        const taken = Math.max(0, socket.write(part))
        if (taken < part.length) {
          waiting = [part.subarray(taken), ...bytes.slice(index + 1)]
          return
        }
      }
    }
    return {
      send: (bytes) => {
        waiting.push(bytes)
        if (waiting.length === 1) flush()
      },
      close: () => socket.end(),
    }
  } catch {
    return null
  }
}

/** Milliseconds that a holder has for an answer; the start of an agent may take as long as its wall. */
const PATIENCE = { started: 120_000, screen: 10_000, log: 10_000, send: 60_000 } as const

/** Asks a holder one thing; null when nobody listens, and when no answer came in time. */
export async function question(path: string, what: Question): Promise<string | null> {
  const { promise, resolve } = Promise.withResolvers<string | null>()
  const timer = setTimeout(() => resolve(null), PATIENCE[what.ask])
  const line = await connect(path, {
    onFrame: (kind, body) => {
      if (kind === 'a') resolve(JSON.parse(new TextDecoder().decode(body)) as string)
    },
    onClose: () => resolve(null),
  })
  if (line !== null) line.send(json('q', what))
  const answer = line === null ? null : await promise
  clearTimeout(timer)
  line?.close()
  return answer
}

/** Hands over what has left the screen at its top, then every further line; at the end what stands on the screen. */
export async function follow(path: string, since: number, print: (line: string) => void): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const text = (body: Uint8Array) => JSON.parse(new TextDecoder().decode(body)) as string
  const line = await connect(path, {
    onFrame: (kind, body) => {
      if (kind === 'a' || kind === 'l') print(text(body))
      if (kind === 'x') {
        const rest = parse(body)['rest']
        if (typeof rest === 'string') print(rest)
        resolve()
      }
    },
    onClose: () => resolve(),
  })
  line?.send(json('q', { ask: 'log', follow: true, since }))
  await promise
  line?.close()
}

/** How a client left: by the detach keys or because its terminal went, by Ctrl-Z, with the agent's end, or because the holder went. */
export type Left =
  | { readonly how: 'detached' }
  | { readonly how: 'suspended' }
  | ({ readonly how: 'ended' } & End)
  | { readonly how: 'lost' }

export type Look = {
  readonly path: string
  readonly size: () => Size
  readonly readOnly: boolean
  /** Takes what is typed; says what is to be sent on, and whether to leave. */
  readonly scan: (typed: string) => { readonly pass: string; readonly detached: boolean }
  /** What is left of the typed when Ctrl-Z is in it, else null. */
  readonly suspends: (typed: string) => string | null
  readonly paint: (bytes: Uint8Array) => void
  /** Handed the means to type, to tell of a new size and to leave; returns how all that is taken back. */
  readonly listen: (hands: {
    readonly typed: (bytes: Uint8Array) => void
    readonly resized: () => void
    readonly leave: () => void
  }) => () => void
}

/** Looks at a session until the end or until the user leaves; null when nobody listens. */
export async function lookAt({ path, size, readOnly, scan, suspends, paint, listen }: Look): Promise<Left | null> {
  const { promise, resolve } = Promise.withResolvers<Left>()
  const line = await connect(path, {
    onFrame: (kind, body) => {
      if (kind === 'o') paint(body)
      if (kind === 'x') resolve({ how: 'ended', ...endOf(body) })
    },
    onClose: () => resolve({ how: 'lost' }),
  })
  if (line === null) return null
  line.send(json('h', { ...size(), readOnly }))
  const stop = listen({
    // latin1 keeps bytes as they are.
    typed: (bytes) => {
      const { pass, detached } = scan(Buffer.from(bytes).toString('latin1'))
      const rest = suspends(pass)
      const sent = rest ?? pass
      if (sent !== '') line.send(frame('i', Buffer.from(sent, 'latin1')))
      if (rest !== null) resolve({ how: 'suspended' })
      if (detached) resolve({ how: 'detached' })
    },
    resized: () => line.send(json('r', size())),
    leave: () => resolve({ how: 'detached' }),
  })
  try {
    return await promise
  } finally {
    stop()
    line.close()
  }
}

function endOf(body: Uint8Array): End {
  const { code, failed, text, cut } = parse(body)
  return {
    rest: '',
    code: typeof code === 'number' ? code : 1,
    failed: failed === true,
    cut: cut === true,
    text: typeof text === 'string' ? text : '',
  }
}
