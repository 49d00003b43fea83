import { chmodSync } from 'node:fs'
import type { Clients } from './clients.ts'
import { type Client, newClient } from './connection.ts'
import { parse, type Question } from './protocol.ts'
import type { Questions } from './questions.ts'
import type { Report } from './report.ts'
import type { Size } from './screen.ts'

type Served = {
  readonly clients: Clients
  readonly questions: Questions
  readonly report: Report
  /** Types for the agent. */
  readonly write: (bytes: Uint8Array) => void
  /** Called once something big was painted. */
  readonly painted: () => void
}

/** Lets clients in, at a socket that nobody else may open. */
export function listen(socket: string, served: Served): { readonly stop: () => void } {
  const { clients, questions, report } = served
  const server = Bun.listen<Client>({
    unix: socket,
    socket: {
      open(peer) {
        peer.data = newClient(peer)
        clients.all.add(peer.data)
      },
      data({ data: client }, chunk) {
        try {
          for (const { kind, body } of client.read(chunk)) serve(client, kind, body, served)
        } catch {
          client.socket.end()
        }
      },
      drain: ({ data: client }) => clients.drain(client),
      close: ({ data: client }) => {
        clients.all.delete(client)
        questions.forget(client)
        report.publish()
      },
      error: () => undefined,
    },
  })
  chmodSync(socket, 0o600)
  return { stop: () => server.stop(true) }
}

function serve(client: Client, kind: string, body: Uint8Array, { clients, questions, report, write, painted }: Served): void {
  switch (kind) {
    case 'h': {
      const hello = parse(body)
      clients.enter(client, sizeOf(hello), hello['readOnly'] === true)
      painted()
      report.publish()
      return
    }
    case 'r':
      if (client.looks !== 'none') clients.resize(client, sizeOf(parse(body)))
      return
    case 'i':
      if (client.readOnly || client.looks === 'none') return
      clients.lead(client)
      report.typed()
      write(body)
      return
    case 'q':
      questions.answer(client, parse(body) as unknown as Question)
  }
}

/** Sizes come from a terminal that may say anything. */
const sizeOf = ({ columns, rows }: Readonly<Record<string, unknown>>): Size => ({
  columns: bounded(columns, 80),
  rows: bounded(rows, 24),
})
const bounded = (value: unknown, otherwise: number): number =>
  typeof value === 'number' && Number.isInteger(value) && value > 1 ? Math.min(value, 1000) : otherwise
