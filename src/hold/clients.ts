import type { Socket } from 'bun'
import { type End, frame, json, makeReader } from './protocol.ts'
import type { Screen, Size } from './screen.ts'

/** One terminal, or one question, at the holder's socket. */
export type Client = {
  readonly socket: Socket<Client>
  readonly read: (chunk: Uint8Array) => readonly { readonly kind: string; readonly body: Uint8Array }[]
  /** Bytes that the socket did not take yet. */
  queue: Uint8Array[]
  queued: number
  size: Size | null
  readOnly: boolean
  /** `live`: sees the stream as it comes. `view`: has another size and sees pictures. `none`: asks, but does not look. */
  looks: 'live' | 'view' | 'none'
  /** Too slow for the stream: it gets a picture once it can take one. */
  lagging: boolean
  seen: string
  follows: boolean
  /** Lines that a follower who does not read has missed. */
  leftOut: number
}

export type Clients = ReturnType<typeof makeClients>

/** Bytes that may wait for one client. */
const PATIENCE = 1_000_000
/** Milliseconds between two pictures for a terminal of another size. */
const PICTURES = 50

export const newClient = (socket: Socket<Client>): Client => ({
  socket,
  read: makeReader(),
  queue: [],
  queued: 0,
  size: null,
  readOnly: false,
  looks: 'none',
  lagging: false,
  seen: '',
  follows: false,
  leftOut: 0,
})

/** Everybody who looks: who types last decides the size. */
export function makeClients(screen: Screen, onSize: (size: Size) => void) {
  const all = new Set<Client>()
  let timer: Timer | null = null
  const looking = () => [...all].filter(({ looks }) => looks !== 'none')

  function send(client: Client, bytes: Uint8Array): void {
    if (client.queue.length > 0) {
      client.queue.push(bytes)
      client.queued += bytes.length
      return
    }
    const taken = Math.max(0, client.socket.write(bytes))
    if (taken < bytes.length) {
      client.queue.push(bytes.subarray(taken))
      client.queued += bytes.length - taken
    }
  }

  /** The socket takes bytes again. */
  function drain(client: Client): void {
    while (client.queue.length > 0) {
      const bytes = client.queue[0]
      if (bytes === undefined) break
      const taken = Math.max(0, client.socket.write(bytes))
      client.queued -= taken
      if (taken < bytes.length) {
        client.queue[0] = bytes.subarray(taken)
        return
      }
      client.queue.shift()
    }
    tellLeftOut(client)
    if (!client.lagging) return
    client.lagging = false
    paint(client, false)
  }

  function tellLeftOut(client: Client): void {
    const count = client.leftOut
    client.leftOut = 0
    if (count > 0) send(client, json('l', `… ${count} lines left out`))
  }

  function paint(client: Client, first: boolean): void {
    if (client.size === null) return
    const { columns, rows } = screen.size()
    const fits = client.size.columns === columns && client.size.rows === rows
    client.looks = fits ? 'live' : 'view'
    const text = fits ? screen.snapshot(first) : `\x1b[?1049h${screen.view(client.size)}`
    client.seen = fits ? '' : text
    send(client, frame('o', text))
  }

  function broadcast(text: string): void {
    if (text === '') return
    let bytes: Uint8Array | null = null
    for (const client of all) {
      if (client.looks === 'none' || client.lagging) continue
      if (client.queued > PATIENCE) {
        // What was cut off inside the first frame must still be sent to its end.
        client.queue = client.queue.slice(0, 1)
        client.queued = client.queue[0]?.length ?? 0
        client.lagging = true
      } else if (client.looks === 'view') {
        if (timer === null) timer = setTimeout(pictures, PICTURES)
      } else {
        bytes ??= frame('o', text)
        send(client, bytes)
      }
    }
  }

  function pictures(): void {
    timer = null
    for (const client of all) {
      if (client.looks !== 'view' || client.size === null || client.lagging) continue
      const picture = screen.view(client.size)
      if (picture !== client.seen) send(client, frame('o', picture))
      client.seen = picture
    }
  }

  /** The size of this client becomes the agent's; the others see pictures from now on, or the stream again. */
  function lead(client: Client): void {
    if (client.size === null || client.readOnly) return
    const { columns, rows } = screen.size()
    if (client.size.columns === columns && client.size.rows === rows) return
    screen.resize(client.size)
    onSize(client.size)
    for (const other of all) if (other !== client && other.looks !== 'none') paint(other, false)
    if (client.looks !== 'none') paint(client, false)
  }

  return {
    all,
    send,
    drain,
    broadcast,
    lead,
    /** How many look. */
    looking: (): number => looking().length,
    /** Bytes for everybody who looks; whether somebody does. */
    show(bytes: string): boolean {
      const some = looking()
      for (const client of some) send(client, frame('o', bytes))
      return some.length > 0
    },
    enter(client: Client, size: Size, readOnly: boolean): void {
      client.size = size
      client.readOnly = readOnly
      lead(client)
      paint(client, true)
    },
    resize(client: Client, size: Size): void {
      client.size = size
      if (client.readOnly) paint(client, false)
      else lead(client)
    },
    log(lines: readonly string[]): void {
      for (const client of all) {
        if (!client.follows) continue
        if (client.queued > PATIENCE) {
          client.leftOut += lines.length
          continue
        }
        tellLeftOut(client)
        for (const line of lines) send(client, json('l', line))
      }
    },
    end(end: End): void {
      for (const client of all) {
        send(client, json('x', end))
        client.socket.flush()
        if (client.queue.length === 0) client.socket.end()
      }
    },
    /** Waits until all have gone, or as many milliseconds. */
    async gone(limit: number): Promise<void> {
      for (let waited = 0; all.size > 0 && waited < limit; waited += 20) await Bun.sleep(20)
    },
  }
}
