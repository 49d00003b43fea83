import { afterAll, beforeAll, expect, test } from 'bun:test'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { HOST_NAME } from '../../src/network/names.ts'
import { describeEach, lines, makeProject, paude, poll, stateHome } from './support.ts'

const server = Bun.serve({ hostname: '0.0.0.0', port: 0, fetch: () => new Response('hello\n') })
afterAll(() => server.stop(true))

const SITE = `${HOST_NAME}:${server.port}`
/** Bytes of noise, and how long each address in it is. */
const NOISE = 26e6
const LONG = 6000
/** Connections side by side. */
const LINES = 4

type Asked = { readonly host: string; readonly port: number; readonly count: number; readonly times?: number }

describeEach('the log of a session', (backend) => {
  const cwd = makeProject()
  let id = ''
  const inBox = async (script: string) => (await paude(['exec', id, '--', 'bash', '-c', script], { cwd })).stdout
  const network = (...words: readonly string[]) => paude(['network', ...words], { cwd })
  const requests = async () =>
    lines((await network('log', id, '--json')).stdout).map((line) => JSON.parse(line) as Asked & { decision: string })

  beforeAll(async () => {
    const { stdout, stderr, code } = await paude(['--backend', backend, '--network-allow', SITE, '--detach'], { cwd })
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' })
    id = stdout.trim()
    const ask = "curl -s -o /dev/null -w '%{http_code}' http://paude.internal/"
    await poll('the wall stands', async () => (await inBox(ask)) === '200')
  }, 600_000)
  afterAll(async () => {
    await paude(['rm', '--force', '--volumes', id], { cwd })
  }, 180_000)

  /** Requests on connections that are kept, each with an address of its own: as fast as a box can ask. */
  const flood = ({ host, count, long }: { host: string; count: number; long: number }) => `
    path=$(printf 'x%.0s' $(seq ${long}))
    requests() {
      for at in $(seq ${Math.ceil(count / LINES)}); do
        printf 'GET http://%s/%s%s HTTP/1.1\\r\\nHost: x\\r\\nUser-Agent: %s\\r\\n\\r\\n' '${host}' "$1-$at" "$path" "$path"
      done
      printf 'GET http://%s/ HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n' '${host}'
    }
    line() { exec 3<>/dev/tcp/127.0.0.1/3128; requests "$1" >&3 & cat <&3 >/dev/null; }
    for turn in $(seq ${LINES}); do line "$turn" & done
    wait`

  test('still knows the first host after a flood of refused requests, and how often the others were asked for', async () => {
    await inBox('curl -s -m 60 http://telling.example/secret')
    await inBox(flood({ host: 'noise.example', count: NOISE / (2 * LONG), long: LONG }))
    const blocked = JSON.parse((await network('blocked', id, '--json')).stdout) as readonly Asked[]
    expect(blocked.map(({ host }) => host)).toContain('telling.example')
    expect(blocked.find(({ host }) => host === 'noise.example')?.count).toBeGreaterThan(1000)
    const log = await requests()
    expect(log.filter(({ host }) => host === 'noise.example').length).toBeLessThan(60)
    expect(log[0]).toMatchObject({ host: 'telling.example' })
    expect((await network('propose', id)).stdout).toContain('"telling.example:80"')
  }, 400_000)

  test('still knows it after a flood of requests that were allowed, and says that its beginning is gone', async () => {
    expect((await network('blocked', id)).stderr).not.toContain('has dropped the log')
    await inBox(flood({ host: SITE, count: 50_000, long: 300 }))
    await poll('all is logged', async () => (await network('blocked', id)).stderr.includes('has dropped the log'))
    const { stdout, stderr } = await network('blocked', id)
    expect(stdout).toContain('telling.example')
    expect(stdout).toContain('noise.example')
    expect(stderr).toMatch(/the engine has dropped the log before \d\d:\d\d:\d\d/)
    expect((await network('log', id)).stdout).toContain('telling.example')
    expect((await network('propose', id)).stdout).toContain('"telling.example:80"')
    expect(statSync(join(stateHome, 'paude/sessions', id, 'noted')).size).toBeLessThan(2.2e6)
  }, 400_000)

  test('notes the hosts where the sandbox cannot reach them', async () => {
    expect(await inBox('ls /paude; cat /paude/noted /paude/link/noted 2>&1 | head -3')).not.toContain('telling')
  })

  test('goes on after a stop without noting the same host again', async () => {
    const times = async () =>
      lines(await Bun.file(join(stateHome, 'paude/sessions', id, 'noted')).text()).filter((line) =>
        line.includes('telling.example'),
      )
    const before = (await times()).length
    await paude(['stop', id], { cwd })
    expect((await network('blocked', id)).stdout).toContain('telling.example')
    expect((await paude(['start', id], { cwd })).code).toBe(0)
    await poll(
      'the wall stands',
      async () => (await inBox("curl -s -o /dev/null -w '%{http_code}' http://paude.internal/")) === '200',
    )
    await inBox('curl -s -m 60 http://telling.example/secret; curl -s -m 60 http://later.example/')
    expect(await times()).toHaveLength(before)
    await poll('it is logged', async () => (await network('blocked', id)).stdout.includes('later.example'))
  }, 180_000)

  test('says that requests may be in no log when the sandbox asks for more hosts than paude keeps', async () => {
    await inBox(`
      path=$(printf 'x%.0s' $(seq 250))
      requests() {
        for at in $(seq 6000); do printf 'GET http://h%s.example/%s HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n' "$at" "$path"; done
        printf 'GET http://last.example/ HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n'
      }
      exec 3<>/dev/tcp/127.0.0.1/3128; requests >&3 & cat <&3 >/dev/null; wait`)
    await poll('all is logged', async () => (await network('blocked', id)).stderr.includes('more hosts than'))
    const { stdout, stderr } = await network('blocked', id)
    expect(stdout).toContain('telling.example')
    expect(stderr).toContain('the session requested more hosts than paude can record, so some requests are missing')
    expect(statSync(join(stateHome, 'paude/sessions', id, 'noted')).size).toBeLessThan(2.2e6)
  }, 400_000)
})
