import { afterAll, beforeAll, expect, test } from 'bun:test'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { isIn, PRIVATE_RANGES } from '../../src/network/ranges.ts'
import { describeEach, engine, gatewayOf, makeProject, paude, poll, put, root } from './support.ts'

const NEAR = 'near.ways.example'
const BELOW = 'below.near.ways.example'
const FAR = 'far.ways.example'
const TUNNEL = 'tunnel.ways.example'
const ELSE = 'else.ways.example'
/** A name of both kinds of address, and one of IPv6 alone. */
const BOTH = 'both.ways.example'
const SIX = 'six.ways.example'

/** A web server, which is what near names lead to. */
const server = Bun.serve({ hostname: '0.0.0.0', port: 0, fetch: () => new Response('directly\n') })

/** A proxy of its own for everything: it tells what it was asked for, and answers itself. */
const asked: string[] = []
const upstream = createServer((request, response) => {
  asked.push(request.url ?? '')
  response.end('through the upstream proxy\n')
})
upstream.on('connect', (request, socket) => {
  asked.push(`CONNECT ${request.url}`)
  socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n')
})
await new Promise<void>((done) => upstream.listen(0, '0.0.0.0', done))
const upstreamPort = (upstream.address() as AddressInfo).port

/** An address of this machine that is in no engine's own network: what lies there no name may lead to. */
const home =
  Object.entries(networkInterfaces())
    .filter(([name]) => !/^(docker|br-|veth|podman|cni)/.test(name))
    .flatMap(([, addresses]) => addresses ?? [])
    .find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? ''

/** A name server that answers for the near names alone, and keeps every name it was asked for. */
const questions: string[] = []
const sixQuestions: string[] = []
const listen = async () => {
  try {
    return await Bun.udpSocket({
      hostname: '0.0.0.0',
      port: 53,
      socket: {
        data(socket, question, port, address) {
          const answer = answerTo(question)
          if (answer !== null) socket.send(answer, port, address)
        },
      },
    })
  } catch {
    return null
  }
}
// The suite of another engine may have the port for as long as it runs this file.
const names =
  process.env['PAUDE_TEST_SUITE'] === undefined
    ? await listen()
    : await poll('the port of name servers is free', listen, 400).catch(() => null)

afterAll(async () => {
  names?.close()
  upstream.close()
  await server.stop(true)
})

const [A, AAAA] = [1, 28]

/** An address of IPv6 that no name may lead to: where squid knows of it, the name is closed. */
const NOWHERE = [0x20, 0x01, 0x0d, 0xb8, ...Array<number>(11).fill(0), 1]

/** RFC 1035: the header with one question, and one address where that is asked for; null for a name it does not know. */
function answerTo(packet: Buffer): Buffer | null {
  const labels: string[] = []
  let at = 12
  for (let length = packet[at] ?? 0; length > 0; length = packet[at] ?? 0) {
    labels.push(packet.toString('latin1', at + 1, at + 1 + length))
    at += length + 1
  }
  const name = labels.join('.').toLowerCase()
  questions.push(name)
  const type = packet.readUInt16BE(at + 1)
  if (type === AAAA) sixQuestions.push(name)
  if (![NEAR, BELOW, BOTH, SIX].includes(name)) return null
  const bytes =
    type === A && name !== SIX ? home.split('.').map(Number) : type === AAAA && [BOTH, SIX].includes(name) ? NOWHERE : []
  const header = Buffer.alloc(12)
  packet.copy(header, 0, 0, 2)
  header.writeUInt16BE(0x8180, 2)
  header.writeUInt16BE(1, 4)
  header.writeUInt16BE(bytes.length > 0 ? 1 : 0, 6)
  const question = packet.subarray(12, at + 5)
  // The name is the one of the question; its type, class IN, a minute, and how many bytes.
  const found = Buffer.from([0xc0, 12, 0, type, 0, 1, 0, 0, 0, 60, 0, bytes.length, ...bytes])
  return Buffer.concat([header, question, ...(bytes.length > 0 ? [found] : [])])
}

const range = isIn(home, PRIVATE_RANGES) ? `@${home}/32` : ''

describeEach('with name servers and an upstream proxy', (backend) => {
  const cwd = makeProject()
  const env = { XDG_CONFIG_HOME: join(root, `ways-${backend}`) }
  const timesAsked = (name: string) => questions.filter((one) => one === name).length
  let id = ''
  const inBox = async (script: string) => (await paude(['exec', id, '--', 'sh', '-c', script], { cwd, env })).stdout.trim()
  const get = (host: string, port = server.port) => inBox(`curl -s -m 60 http://${host}:${port}/`)
  // Whoever may not listen on the port of name servers, or has no network, cannot look.
  const one = test.skipIf(names === null || home === '')

  beforeAll(async () => {
    if (names === null || home === '') return
    const gateway = await gatewayOf(backend)
    const allow = [
      ...[NEAR, BELOW].map((host) => `${host}:${server.port}${range}`),
      `${FAR}:${server.port}`,
      `${TUNNEL}:${server.port}`,
    ]
    put(
      join(env.XDG_CONFIG_HOME, 'paude/config.toml'),
      [
        '[network]',
        `dns = ["${gateway}"]`,
        `upstream_proxy = "http://${gateway}:${upstreamPort}"`,
        `upstream_except = [".${NEAR}"]`,
        `allow = ${JSON.stringify(allow)}`,
        '',
      ].join('\n'),
    )
    const begun = await paude(['--backend', backend, '--detach'], { cwd, env })
    expect({ code: begun.code, stderr: begun.code === 0 ? '' : begun.stderr }).toEqual({ code: 0, stderr: '' })
    id = begun.stdout.trim()
    await poll(
      'the wall stands',
      async () => (await inBox(`curl -s -o /dev/null -w '%{http_code}' http://paude.internal/`)) === '200',
    )
  }, 600_000)

  afterAll(async () => {
    if (id !== '') await paude(['rm', '--force', '--volumes', id], { cwd, env })
  }, 180_000)

  one('an excepted name and what is below it are looked up at the name server that was named, and reached directly', async () => {
    for (const host of [NEAR, BELOW]) {
      const before = timesAsked(host)
      expect(await get(host)).toBe('directly')
      expect(timesAsked(host)).toBeGreaterThan(before)
    }
    expect(asked.filter((url) => url.includes(NEAR))).toEqual([])
  })

  one('every other name goes to the upstream proxy, though the name server never answers for it', async () => {
    const before = asked.length
    // Less than squid waits for a name server.
    expect(await inBox(`curl -s -m 9 http://${FAR}:${server.port}/`)).toBe('through the upstream proxy')
    await inBox(`curl -sk -m 60 https://${TUNNEL}:${server.port}/`)
    expect(asked.slice(before)).toEqual([`http://${FAR}:${server.port}/`, `CONNECT ${TUNNEL}:${server.port}`])
  })

  one('what is not on the list is told to neither of them', async () => {
    const before = asked.length
    expect(await inBox(`curl -s -o /dev/null -w '%{http_code}' -m 60 http://${ELSE}:${server.port}/`)).toBe('403')
    expect(asked.slice(before)).toEqual([])
    expect(timesAsked(ELSE)).toBe(0)
  })
})

// The engines' own networks have no way out by IPv6, so what is looked at is what squid asks for and knows; docker's have no address of it at all.
describeEach('with IPv4 alone', (backend) => {
  const cwd = makeProject()
  const env = { XDG_CONFIG_HOME: join(root, `ip-${backend}`) }
  const ids: Record<string, string> = {}
  const one = test.skipIf(names === null || home === '')
  const status = async (id: string, host: string) =>
    (await paude(['exec', id, '--', 'curl', '-s', '-o', '/dev/null', '-w', '%{http_code}', '-m', '60', host], { cwd, env }))
      .stdout
  const inProxy = async (id: string, script: string) =>
    (await engine(backend, ['exec', `${id}-proxy`, '/usr/bin/bash', '-c', script])).stdout

  beforeAll(async () => {
    if (names === null || home === '') return
    const gateway = await gatewayOf(backend)
    const allow = [BOTH, SIX].map((host) => `${host}:${server.port}${range}`)
    for (const ip of ['any', 'ipv4']) {
      put(
        join(env.XDG_CONFIG_HOME, 'paude/config.toml'),
        `[network]\ndns = ["${gateway}"]\nip = "${ip}"\nallow = ${JSON.stringify(allow)}\n`,
      )
      const begun = await paude(['--backend', backend, '--detach'], { cwd, env })
      expect({ code: begun.code, stderr: begun.code === 0 ? '' : begun.stderr }).toEqual({ code: 0, stderr: '' })
      ids[ip] = begun.stdout.trim()
      await poll('the wall stands', async () => (await status(begun.stdout.trim(), 'http://paude.internal/')) === '200')
    }
  }, 600_000)

  afterAll(async () => {
    for (const id of Object.values(ids)) await paude(['rm', '--force', '--volumes', id], { cwd, env })
  }, 180_000)

  one('the proxy has no address of IPv6, not even a loopback', async () => {
    const look = 'cat /proc/sys/net/ipv6/conf/{all,default}/disable_ipv6; cat /proc/net/if_inet6'
    expect(await inProxy(ids['ipv4'] ?? '', look)).toBe('1\n1\n')
  })

  one('a name of both kinds is reached by its address of IPv4, and nobody is asked for the other', async () => {
    const six = (await inProxy(ids['any'] ?? '', 'cat /proc/net/if_inet6')) !== ''
    expect(await status(ids['any'] ?? '', `http://${BOTH}:${server.port}/`)).toBe(six ? '403' : '200')
    expect(sixQuestions.includes(BOTH)).toBe(six)
    sixQuestions.length = 0
    expect(await status(ids['ipv4'] ?? '', `http://${BOTH}:${server.port}/`)).toBe('200')
    expect(sixQuestions).toEqual([])
  })

  one('a name of IPv6 alone is not found', async () => {
    const { stdout } = await paude(['exec', ids['ipv4'] ?? '', '--', 'curl', '-s', '-m', '60', `http://${SIX}:${server.port}/`], {
      cwd,
      env,
    })
    expect(stdout).toContain('not found')
  })
})
