import { randomBytes } from 'node:crypto'
import type { Beside } from '../backends/backend.ts'
import { PaudeError } from '../errors.ts'
import { isIn, PRIVATE_RANGES } from '../network/ranges.ts'
import { ask } from '../run/ask.ts'
import type { Effects } from '../run/effects.ts'
import { execute } from '../run/execute.ts'
import { capture } from '../run/process.ts'
import type { Made } from './sessions.ts'
import server from './witness.pl' with { type: 'text' }
import { testimony, type Witness } from './witness.ts'

/** Its ports: it has an address of its own. */
const [ALLOWED, PROVIDER, CLOSED] = [8080, 8081, 8082] as const

/** The same witness where the proxies are, as a part of a session that runs. `domains` are those of a proxy's resolver. */
export async function openWitnessBeside(
  beside: Beside,
  { spec, handle }: Made,
  { domains, effects }: { readonly domains: readonly string[]; readonly effects: Effects },
): Promise<Witness> {
  const token = randomBytes(16).toString('hex')
  const ports = [ALLOWED, PROVIDER, CLOSED]
  await execute(beside.serve(spec, { words: ['perl', '-e', server, token, ...ports.map(String)], ports }), effects)
  const { own: address, names } = await ask(beside.addresses(handle), effects)
  if (names.length !== 2 || ![address, ...names].every((one) => /^\d+\.\d+\.\d+\.\d+$/.test(one)))
    throw new PaudeError('unsupported', `paude selftest needs IPv4 addresses: its server has ${[address, ...names].join(', ')}`, {
      hint: 'each start proves its own wall: paude run -- true',
    })
  const [host, provider] = beside.hosts(handle, domains)
  const ranges = names.map((one) => (isIn(one, PRIVATE_RANGES) ? `@${one}/32` : ''))
  return {
    ...{ allowed: ALLOWED, provider: PROVIDER, closed: CLOSED },
    token,
    ...{ host, address, providerHost: provider },
    allow: [`${host}:${ALLOWED}${ranges[0]}`, `${provider}:${PROVIDER}${ranges[1]}`],
    reason: '',
    facts: async (credential) => {
      const { stdout, code } = await capture(beside.printed(handle))
      // What cannot be heard is no testimony, also not that nobody came.
      if (code !== 0) return {}
      return testimony(visitsOf(stdout), {
        ...{ host, allowed: ALLOWED, provider: PROVIDER, closed: CLOSED },
        ...{ credential, reason: '' },
      })
    },
    close: () => undefined,
  }
}

/** Lines of `NUMBER PORT HEX`: a connection is a line without bytes first, and one more for each piece that came. */
export function visitsOf(text: string): readonly { readonly port: number; readonly bytes: Buffer }[] {
  const visits = new Map<string, { readonly port: number; bytes: Buffer<ArrayBufferLike> }>()
  for (const line of text.split('\n')) {
    const [, number = '', port, hex = ''] = /^(\d+) (\d+) ([0-9a-f]*)$/.exec(line) ?? []
    if (number === '') continue
    const visit = visits.get(number) ?? { port: Number(port), bytes: Buffer.alloc(0) }
    visit.bytes = Buffer.concat([visit.bytes, Buffer.from(hex, 'hex')])
    visits.set(number, visit)
  }
  return [...visits.values()]
}
