import { PROXY_PORTS } from '../../box/ports.ts'
import type { Devcontainer } from './schema.ts'

/** Ports of the box that the project would like to have outside, and what is none of them. */
export function readPorts({ forwardPorts = [] }: Devcontainer): {
  readonly ports: readonly number[]
  readonly ignored: readonly string[]
} {
  const read = forwardPorts.map((said, index) => ({ index, said: String(said), port: portOf(said) }))
  const fault = ({ said, port }: (typeof read)[number]): string | null => {
    if (port === null) return said.includes(':') ? 'paude only forwards ports of the sandbox itself' : 'not a port'
    return PROXY_PORTS.includes(port) ? 'the sandbox uses it to reach the proxy' : null
  }
  return {
    ports: [...new Set(read.flatMap((one) => (one.port === null || fault(one) !== null ? [] : [one.port])))],
    ignored: read.flatMap((one) => {
      const why = fault(one)
      return why === null ? [] : [`forwardPorts[${one.index}] ${one.said} (${why})`]
    }),
  }
}

function portOf(said: number | string): number | null {
  const text = /^(?:localhost:)?(\d{1,5})$/.exec(String(said))?.[1]
  const port = Number(text)
  return port >= 1 && port <= 65_535 ? port : null
}
