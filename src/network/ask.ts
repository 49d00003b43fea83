import type { Policy } from './allow.ts'
import { mergeAllows, mergeDenies } from './pattern.ts'

/** Seconds that a request for an unlisted host waits for an answer in ask mode. */
export const ASK_SECONDS = 60

/** The names that nobody is asked for, as squid/ask.lua reads them: what is allowed, what is denied, and the providers, whose paths alone are open. */
export const listedLines = ({ allow, deny, injections }: Policy): string =>
  [
    ...injections.map(({ host, port, bound }) => `allow ${host} ${bound === undefined ? '*' : port}\n`),
    ...mergeAllows(allow).map(({ host, ports }) => `allow ${host} ${ports.join(',')}\n`),
    ...mergeDenies(deny).map(({ host, ports }) => `deny ${host} ${ports.length === 0 ? '*' : ports.join(',')}\n`),
  ].join('')

/** As squid/ask.lua has it: names of this machine and of what lies near it are never asked for. */
export const isAskable = (host: string): boolean => !/(^|\.)(internal|local|localhost|arpa)$/.test(host)
