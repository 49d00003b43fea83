import { type Client, dropQueued, isBehind, send, sendLines, sendQueued } from './connection.ts'
import { type End, frame, json } from './protocol.ts'
import type { Screen, Size } from './screen.ts'

export type Clients = ReturnType<typeof makeClients>

/** Milliseconds between two pictures for a terminal of another size. */
const PICTURES = 50

/** Everybody who looks: who types last decides the size. */
export function makeClients(screen: Screen, onSize: (size: Size) => void) {
  const all = new Set<Client>()
  let timer: Timer | null = null
  const looking = () => [...all].filter(({ looks }) => looks !== 'none')

  /** The socket takes bytes again. */
  function drain(client: Client): void {
    if (!sendQueued(client)) return
    sendLines(client, [])
    if (!client.lagging) return
    client.lagging = false
    paint(client, false)
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
      if (isBehind(client)) {
        dropQueued(client)
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
      for (const client of all) if (client.follows) sendLines(client, lines)
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
