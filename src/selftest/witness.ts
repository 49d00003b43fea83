import { randomBytes } from 'node:crypto'
import { createServer, type Server, type Socket } from 'node:net'
import { HOST_NAME } from '../network/names.ts'
import type { Facts } from './probe.ts'

/** A server beside the session: it proves what arrives, and that what may pass does pass. */
export type Witness = {
  /** Allowed to the session. */
  readonly allowed: number
  /** Stands for the model's provider. */
  readonly provider: number
  /** Answers, but is not allowed. */
  readonly closed: number
  readonly token: string
  /** Where a proxy finds it, and what stands for the provider. */
  readonly host: string
  readonly providerHost: string
  readonly address: string
  /** What its proxy needs on the allowlist. */
  readonly allow: readonly string[]
  /** Why it says nothing about what may pass; '' when it is where the proxy looks for it. */
  readonly reason: string
  readonly facts: (credential: string) => Promise<Facts>
  readonly close: () => void
}

type Visit = { readonly port: number; bytes: Buffer<ArrayBufferLike> }

/**
 * Opens the three ports on the one address by which the proxy knows this machine; nobody else can reach them there. `apart` is why that
 * address is another machine's for the proxy, though it may be one of this machine too.
 */
export async function openWitness(address: string, apart = ''): Promise<Witness> {
  const visits: Visit[] = []
  const token = randomBytes(16).toString('hex')
  const open = (at: string) => Promise.all([0, 1, 2].map(() => listen(at, { visits, token })))
  const { servers, reason } = await open(apart === '' && address !== '' ? address : '127.0.0.1').then(
    (servers) => ({ servers, reason: apart || (address === '' ? 'the engine reports no address of this machine' : '') }),
    async () => ({
      servers: await open('127.0.0.1'),
      reason: `the engine reaches this machine at ${address}, which is not an address of this machine`,
    }),
  )
  const [allowed = 0, provider = 0, closed = 0] = servers.map(portOf)
  return {
    allowed,
    provider,
    closed,
    token,
    ...{ host: HOST_NAME, providerHost: HOST_NAME, address, allow: [`${HOST_NAME}:${allowed}`] },
    reason,
    facts: async (credential) => testimony(visits, { host: HOST_NAME, allowed, provider, closed, credential, reason }),
    close: () => {
      for (const server of servers) server.close()
    },
  }
}

function listen(address: string, { visits, token }: { visits: Visit[]; token: string }): Promise<Server> {
  const server = createServer((socket) => receive(socket, { visits, token, port: portOf(server) }))
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, address, () => resolve(server))
  })
}

const ALERT = Buffer.from([0x15, 3, 1, 0, 2, 2, 0x28])
/** First byte of a ClientHello. */
const TLS_GREETING = 0x16

/** Keeps what comes and answers: TLS with an alert, HTTP with the token. */
function receive(socket: Socket, { visits, token, port }: { visits: Visit[]; token: string; port: number }): void {
  const visit: Visit = { port, bytes: Buffer.alloc(0) }
  visits.push(visit)
  socket.setTimeout(20_000, () => socket.destroy())
  socket.on('error', () => socket.destroy())
  socket.on('data', (chunk) => {
    visit.bytes = Buffer.concat([visit.bytes, Buffer.from(chunk)]).subarray(0, 65_536)
    if (visit.bytes[0] === TLS_GREETING) socket.end(ALERT)
    else if (visit.bytes.includes('\r\n\r\n'))
      socket.end(`HTTP/1.1 200 OK\r\nContent-Length: ${token.length}\r\nConnection: close\r\n\r\n${token}`)
  })
}

/** What the visits prove. Pure. */
export function testimony(
  visits: readonly { readonly port: number; readonly bytes: Buffer }[],
  {
    host,
    allowed,
    provider,
    closed,
    credential,
    reason,
  }: {
    readonly host: string
    readonly allowed: number
    readonly provider: number
    readonly closed: number
    readonly credential: string
    readonly reason: string
  },
): Facts {
  const at = (port: number) => visits.filter((visit) => visit.port === port).map(({ bytes }) => bytes)
  const tls = at(allowed).filter((bytes) => bytes[0] === TLS_GREETING)
  const requests = [...at(allowed), ...at(provider)]
    .filter((bytes) => /^[A-Z]+ \S+ HTTP\//.test(bytes.toString('latin1')))
    .map((bytes) => bytes.toString('latin1'))
  const messages = at(provider)
    .map((bytes) => bytes.toString('latin1'))
    .find((text) => text.startsWith('POST /v1/messages '))
  return {
    ...(reason === '' ? {} : { 'witness.reason': reason }),
    'witness.closed': String(at(closed).length),
    'witness.host':
      /^host: *(.*?)\r$/im.exec(requests.find((text) => text.includes(' /selftest') || text.startsWith('GET / ')) ?? '')?.[1] ??
      '',
    'witness.tls.right': String(tls.filter((bytes) => bytes.includes(host)).length),
    'witness.tls.wrong': String(tls.filter((bytes) => !bytes.includes(host)).length),
    'witness.plain': String(at(allowed).filter((bytes) => bytes.toString('latin1').startsWith('SSH-')).length),
    'witness.leaks': requests
      .flatMap((text) => text.match(/^(via|x-forwarded-for|forwarded|cache-control):.*$/gim) ?? [])
      .join('; '),
    'witness.strays': String(
      requests.filter((text) => !text.startsWith('POST /v1/messages ') && text.includes(credential)).length,
    ),
    'witness.credential':
      messages === undefined
        ? 'no request arrived'
        : /placeholder/.test(messages)
          ? 'placeholder'
          : messages.includes(credential)
            ? 'real'
            : 'none',
  }
}

function portOf(server: Server): number {
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}
