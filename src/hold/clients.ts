import { bannerOf } from './banner.ts'
import { type Client, dropQueued, isBehind, send, sendLines, sendQueued } from './connection.ts'
import { type End, frame, json } from './protocol.ts'
import type { Screen, Size } from './screen.ts'

export type Clients = ReturnType<typeof makeClients>

/** Milliseconds between two pictures for a terminal of another size. */
const PICTURES = 50

/** Everybody who looks: who types last decides the size. `title` is what a terminal that is painted anew is told of its title. */
export function makeClients(screen: Screen, title: () => string, onSize: (size: Size) => void) {
  const all = new Set<Client>()
  let banner = ''
  const painted: Painted = { screen, title, banner: () => banner }
  const looking = () => [...all].filter(({ looks }) => looks !== 'none')
  let timer: Timer | null = null
  const pictures = () => {
    timer = null
    for (const client of looking()) repaintView(client, painted)
  }

  /** The size of this client becomes the agent's; the others see pictures from now on, or the stream again. */
  function lead({ size, readOnly }: Client): void {
    if (size === null || readOnly || isSame(size, screen.size())) return
    screen.resize(size)
    onSize(size)
    for (const client of looking()) paint(client, painted)
  }

  return {
    all,
    lead,
    /** The socket takes bytes again. */
    drain: (client: Client): void => void (catchesUp(client) && paint(client, painted)),
    broadcast(text: string): void {
      const ready = text === '' ? [] : looking().filter(keepsUp)
      const live = ready.filter(({ looks }) => looks === 'live')
      if (live.length > 0) sendAll(live, frame('o', text))
      if (live.length < ready.length && timer === null) timer = setTimeout(pictures, PICTURES)
      // What was still on its way when the agent was paused may have painted over it.
      if (banner !== '') for (const client of live) send(client, frame('o', bannerOf(banner, screen.size())))
    },
    /** Words of paude's own above the agent's screen, for everybody who looks; '' takes them away. */
    cover(text: string): void {
      if (text === banner) return
      banner = text
      for (const client of looking()) paint(client, painted)
    },
    /** How many look. */
    looking: (): number => looking().length,
    /** Bytes for everybody who looks; whether somebody does. */
    show: (bytes: string): boolean => sendAll(looking(), frame('o', bytes)),
    enter(client: Client, size: Size, readOnly: boolean): void {
      client.size = size
      client.readOnly = readOnly
      lead(client)
      paint(client, painted, true)
    },
    resize(client: Client, size: Size): void {
      client.size = size
      if (client.readOnly) paint(client, painted)
      else lead(client)
    },
    log(lines: readonly string[]): void {
      for (const client of all) if (client.follows) sendLines(client, lines)
    },
    end(end: End): void {
      for (const client of all) sendLast(client, json('x', end))
    },
    /** Waits until all have gone, or as many milliseconds. */
    async gone(limit: number): Promise<void> {
      for (let waited = 0; all.size > 0 && waited < limit; waited += 20) await Bun.sleep(20)
    },
  }
}

const isSame = (one: Size, other: Size): boolean => one.columns === other.columns && one.rows === other.rows

type Painted = { readonly screen: Screen; readonly title: () => string; readonly banner: () => string }

/** The whole screen for one client; it sees the stream from here on when its size is the agent's. */
function paint(client: Client, { screen, title, banner }: Painted, first = false): void {
  if (client.size === null) return
  const fits = isSame(client.size, screen.size())
  client.looks = fits ? 'live' : 'view'
  const shown = fits ? screen.snapshot(first) : `\x1b[?1049h${screen.view(client.size)}`
  const text = shown + bannerOf(banner(), client.size)
  client.seen = fits ? '' : text
  send(client, frame('o', text === '' ? '' : title() + text))
}

/** The next picture for a client of another size, when it shows anything new. */
function repaintView(client: Client, { screen, banner }: Painted): void {
  if (client.looks !== 'view' || client.size === null || client.lagging) return
  const picture = screen.view(client.size) + bannerOf(banner(), client.size)
  if (picture !== client.seen) send(client, frame('o', picture))
  client.seen = picture
}

function sendAll(clients: readonly Client[], bytes: Uint8Array): boolean {
  for (const client of clients) send(client, bytes)
  return clients.length > 0
}

/** Whether a client can take more of the stream. One for which too much waits gets none until it has caught up. */
function keepsUp(client: Client): boolean {
  if (client.lagging) return false
  client.lagging = isBehind(client)
  if (client.lagging) dropQueued(client)
  return !client.lagging
}

/** Sends what waits; whether that ends a lag, so that a picture is due. */
function catchesUp(client: Client): boolean {
  if (!sendQueued(client)) return false
  sendLines(client, [])
  const lagged = client.lagging
  client.lagging = false
  return lagged
}

function sendLast(client: Client, bytes: Uint8Array): void {
  send(client, bytes)
  client.socket.flush()
  if (client.queue.length === 0) client.socket.end()
}
