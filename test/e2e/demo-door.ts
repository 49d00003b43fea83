import { expect } from 'bun:test'
import { readFileSync } from 'node:fs'
import { poll } from './support.ts'

/** Waits until a demo says where its API listens, and tries that door from this machine, whose loopback no box has. */
export async function tryDoor(stderr: () => string): Promise<string> {
  const [, address = '', port = ''] = await poll(
    'the API to listen',
    () => /answers at (\S+?):(\d+) of this machine/.exec(stderr()),
    300,
  )
  expect(listeners(Number(port))).toEqual([address])
  expect(await fetch(`http://127.0.0.1:${port}/v1/models`).catch(() => 'refused')).toBe('refused')
  const words = ['--silent', '--noproxy', '*', '--output', '/dev/null', '--write-out', '%{http_code}', '--max-time', '5']
  const stranger = ['curl', ...words, '--interface', '127.0.0.1', `http://${address}:${port}/v1/models`]
  // podman's bridge is away for a moment, between the container that told its address and the proxy.
  const status = await poll('an answer', () => {
    const code = Bun.spawnSync(stranger).stdout.toString()
    return code !== '000' && code
  })
  expect(status).toBe('403')
  return address
}

const LISTEN = '0A'

/** Addresses on which something listens at a port, as the kernel tells them. */
const listeners = (port: number): readonly string[] =>
  ['tcp', 'tcp6'].flatMap((kind) =>
    readFileSync(`/proc/net/${kind}`, 'utf8')
      .split('\n')
      .slice(1)
      .flatMap((line) => {
        const [, local = '', , state] = line.trim().split(/\s+/)
        const [address = '', hex = ''] = local.split(':')
        return state === LISTEN && Number.parseInt(hex, 16) === port ? [kind === 'tcp' ? dotted(address) : address] : []
      }),
  )

/** Four bytes in this machine's order, which is little-endian wherever paude runs. */
const dotted = (hex: string): string => [...Buffer.from(hex, 'hex')].reverse().join('.')
