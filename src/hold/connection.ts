import type { Socket } from 'bun'
import { json, makeReader } from './protocol.ts'
import type { Size } from './screen.ts'

/** Bytes that may wait for one client. */
const PATIENCE = 1_000_000

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

/** Sends, behind what still waits. */
export function send(client: Client, bytes: Uint8Array): void {
  const taken = client.queue.length > 0 ? 0 : Math.max(0, client.socket.write(bytes))
  if (taken === bytes.length) return
  client.queue.push(bytes.subarray(taken))
  client.queued += bytes.length - taken
}

/** Sends what waits, as far as the socket takes it; whether that was all. */
export function sendQueued(client: Client): boolean {
  while (client.queue.length > 0) {
    const bytes = client.queue[0]
    if (bytes === undefined) break
    const taken = Math.max(0, client.socket.write(bytes))
    client.queued -= taken
    if (taken < bytes.length) {
      client.queue[0] = bytes.subarray(taken)
      return false
    }
    client.queue.shift()
  }
  return true
}

/** Drops what waits, but for the frame that was begun: what was cut off inside it must still be sent to its end. */
export function dropQueued(client: Client): void {
  client.queue = client.queue.slice(0, 1)
  client.queued = client.queue[0]?.length ?? 0
}

/** Whether so much waits that nothing is to be added. */
export const isBehind = (client: Client): boolean => client.queued > PATIENCE

/** Lines of the log, or how many of them were left out, as soon as there is room. */
export function sendLines(client: Client, lines: readonly string[]): void {
  if (isBehind(client)) {
    client.leftOut += lines.length
    return
  }
  if (client.leftOut > 0) send(client, json('l', `… ${client.leftOut} lines left out`))
  client.leftOut = 0
  for (const line of lines) send(client, json('l', line))
}
