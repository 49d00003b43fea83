import { createServer, type Socket } from 'node:net'
import type { Argv } from '../plan/plan.ts'
import { type Piped, pipe } from './process.ts'

/** What the relay says on stderr once it has the box's end, and the leash once it holds. */
const CONNECTED = 'connected'

/** Why a connection came to nothing: what the program ended with, and said. */
export type Failure = { readonly code: number; readonly stderr: string }

export type Listening = { readonly port: number; readonly close: () => void }

export type Wish = {
  /** 0 for any that is free. */
  readonly port: number
  /** Started for each connection; its stdin and stdout are the other end. */
  readonly argv: Argv
  /** Connections of all ports share these. */
  readonly room: Room
  /** Called for each connection that came to nothing. */
  readonly failed: (failure: Failure) => void
  readonly connected: () => void
}

/** Places for connections: what comes when all are taken waits. */
export type Room = { readonly connections: Places; readonly starts: Places }

/** A start takes some processes and memory of the box for a moment, and so does a connection as long as it lasts. */
export const makeRoom = (): Room => ({ connections: places(32), starts: places(4) })

/** Listens on this machine's loopback. Fails as listening does. */
export async function listenOn(wish: Wish): Promise<Listening> {
  const open = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => {
    open.add(socket)
    socket.setNoDelay(true)
    socket.on('close', () => open.delete(socket))
    // A caller that has gone is none of ours.
    socket.on('error', () => undefined)
    void serve(socket, wish)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host: '127.0.0.1', port: wish.port }, resolve)
  })
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : wish.port,
    close: () => {
      server.close()
      for (const socket of open) socket.destroy()
    },
  }
}

async function serve(socket: Socket, { argv, room: { connections, starts }, failed, connected }: Wish): Promise<void> {
  await connections.take()
  try {
    await starts.take()
    let child: Piped
    try {
      if (socket.destroyed) return
      child = pipe(argv)
    } catch (error) {
      starts.give()
      socket.destroy()
      failed({ code: 127, stderr: (error as Error).message })
      return
    }
    const started = hear(child.stderr, () => {
      starts.give()
      connected()
    })
    upwards(socket, child)
    const [heard] = await Promise.all([started, downwards(socket, child)])
    const code = await child.exited
    if (!heard.connected) starts.give()
    if (heard.connected && code === 0) return void socket.end()
    // Not an end like any other: what was said may be cut.
    socket.resetAndDestroy()
    if (!heard.connected) failed({ code, stderr: heard.text })
  } finally {
    connections.give()
  }
}

/** From the caller to the box. */
function upwards(socket: Socket, child: Piped): void {
  socket.on('data', (bytes: Buffer) => {
    socket.pause()
    child.write(bytes).then(
      () => socket.resume(),
      // The box takes no more; what it says still arrives.
      () => socket.resume(),
    )
  })
  socket.on('end', child.end)
  // Nobody is there any more. The client is not killed: some would leave the stream open, and its relay with it.
  socket.on('close', child.end)
  socket.resume()
}

/** From the box to the caller, as fast as the caller takes it. */
async function downwards(socket: Socket, { stdout }: Piped): Promise<void> {
  for await (const bytes of stdout) {
    // What has no reader any more is taken all the same, until the relay gives up.
    if (!socket.destroyed && !socket.write(bytes)) await roomIn(socket)
  }
}

const roomIn = (socket: Socket): Promise<void> =>
  new Promise((resolve) => {
    const done = () => {
      socket.off('drain', done)
      socket.off('close', done)
      resolve()
    }
    socket.on('drain', done)
    socket.on('close', done)
  })

/** Reads what the relay says of itself. */
async function hear(
  stderr: Piped['stderr'],
  onConnected: () => void,
): Promise<{ readonly connected: boolean; readonly text: string }> {
  const decoder = new TextDecoder()
  let text = ''
  let connected = false
  for await (const bytes of stderr) {
    text = (text + decoder.decode(bytes, { stream: true })).slice(0, 2000)
    if (connected || !text.split('\n').slice(0, -1).includes(CONNECTED)) continue
    connected = true
    onConnected()
  }
  return { connected, text }
}

/** Starts a program that does something when we end, however that comes. Fails as it does; `end` lets it do its work. */
export async function startLeash(
  argv: Argv,
): Promise<{ readonly failure: Failure } | { readonly exited: Promise<number>; readonly end: () => void }> {
  const child = pipe(argv)
  const held = await new Promise<Failure | null>((resolve) => {
    void hear(child.stderr, () => resolve(null)).then(async ({ text }) => resolve({ code: await child.exited, stderr: text }))
  })
  if (held !== null) return { failure: held }
  return { exited: child.exited, end: child.end }
}

type Places = { readonly take: () => Promise<void>; readonly give: () => void }

function places(most: number): Places {
  const waiting: (() => void)[] = []
  let free = most
  return {
    take: async () => {
      if (free > 0) free--
      else await new Promise<void>((resolve) => waiting.push(resolve))
    },
    give: () => {
      const next = waiting.shift()
      if (next === undefined) free++
      else next()
    },
  }
}
