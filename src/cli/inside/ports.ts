import { PROXY_PORTS } from '../../box/ports.ts'
import { PaudeError } from '../../errors.ts'

/** A port of the box and the one of this machine that leads to it; 0 for any that is free. */
export type PortPair = { readonly local: number; readonly port: number }

const PAIR = /^(?:(\d{1,5}):)?(\d{1,5})$/

/** Whether a word is about a port, and no session. */
export const looksLikePort = (word: string): boolean => /^[\d:]+$/.test(word)

export const readPorts = (words: readonly string[]): readonly PortPair[] => {
  const pairs = words.map(readPort)
  const twice = pairs.find(({ local }, at) => local !== 0 && pairs.findIndex((other) => other.local === local) !== at)
  if (twice !== undefined)
    throw new PaudeError('usage', `port ${twice.local} of this machine is named twice`, {
      hint: `write 0:${twice.port} for any free port`,
    })
  return pairs
}

function readPort(word: string): PortPair {
  const [, local, port = ''] = PAIR.exec(word) ?? []
  const pair = { local: Number(local ?? port), port: Number(port) }
  if (port === '' || pair.port < 1 || pair.port > 65_535 || pair.local > 65_535)
    throw new PaudeError('usage', `not a port: ${JSON.stringify(word)}`, {
      hint: 'write 3000, or 8080:3000 for port 8080 of this machine (0 is any free port)',
    })
  if (PROXY_PORTS.includes(pair.port))
    throw new PaudeError('refused', `port ${pair.port} of the sandbox is the relay to the proxy, and paude does not forward it`, {
      hint: 'let your program in the sandbox listen on another port',
    })
  return pair
}
