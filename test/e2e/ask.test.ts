import { afterAll, beforeAll, expect, test } from 'bun:test'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { HOST_NAME } from '../../src/network/names.ts'
import { binary, describeEach, lines, makeProject, paude, poll, put, root, startPaude } from './support.ts'
import { makeTerminals, type Terminal } from './terminal.ts'

/** The whole world: a proxy behind the proxy that answers for every name. */
const world = Bun.serve({ hostname: '0.0.0.0', port: 0, fetch: () => new Response('hello\n') })
afterAll(() => world.stop(true))
const UPSTREAM = `upstream_proxy = "http://${HOST_NAME}:${world.port}"\n`

type Line = { readonly decision: string; readonly host: string }

describeEach('a session that asks', (backend) => {
  const cwd = makeProject()
  const env = { XDG_CONFIG_HOME: join(root, `ask-${backend}`) }
  const terminals = makeTerminals()
  let id = ''
  let watch: Terminal
  const inBox = async (script: string) => (await paude(['exec', id, '--', 'sh', '-c', script], { cwd, env })).stdout.trim()
  /** What a plain request gets; `000` where no answer came in time. */
  const plain = (host: string, seconds: number) => inBox(`curl -s -o /dev/null -m ${seconds} -w '%{http_code}' http://${host}/`)
  /** What the tunnel to a host is answered. */
  const tunnel = (host: string, seconds: number) =>
    inBox(`curl -s -o /dev/null -m ${seconds} -w '%{http_connect}' https://${host}/`)
  const log = async () =>
    lines((await paude(['network', 'log', id, '--json'], { cwd, env })).stdout).map((line) => JSON.parse(line) as Line)
  const open = async () => {
    watch = await terminals.open({ cwd, env, columns: 120 })
    await watch.start(`${binary} network watch ${id}`)
    await watch.see(/network of .* · ask/)
  }

  beforeAll(async () => {
    put(join(env.XDG_CONFIG_HOME, 'paude/config.toml'), `[network]\nmode = "ask"\nallow = ["listed.example"]\n${UPSTREAM}`)
    const { stdout, stderr } = await paude(['--backend', backend, '--detach'], { cwd, env })
    expect(stderr).not.toContain('error')
    id = stdout.trim()
    await poll('the wall stands', async () => (await plain('paude.internal', 30)) === '200')
  }, 600_000)
  afterAll(async () => {
    await terminals.stop()
    await paude(['rm', '--force', '--volumes', id], { cwd, env })
  }, 240_000)

  test('refuses at once while nobody is there, and reaches what is listed', async () => {
    expect(await plain('nobody.example', 50)).toBe('403')
    expect(await tunnel('nobody.example', 50)).toBe('403')
    expect(await plain('listed.example', 50)).toBe('200')
    expect((await log()).filter(({ decision }) => decision === 'waiting')).toEqual([])
  })

  test('holds a request until a key allows its host, or denies it, or nobody has answered', async () => {
    await open()
    const unanswered = plain('silent.example', 150)
    await watch.see(/waiting +silent\.example:80 .* waits \d+ s for your key/)
    const asked = plain('asked.example', 100)
    await watch.see(/waiting +asked\.example:80/)
    expect(JSON.parse((await paude(['sessions', '--json'], { cwd, env })).stdout)).toContainEqual(
      expect.objectContaining({ id, asks: 2 }),
    )
    await watch.press('g')
    await watch.see(/^> waiting +asked\.example:80/m)
    await watch.press('s')
    expect(await asked).toBe('200')
    await watch.see(/^> allowed +asked\.example:80 .* allowed by you for this session$/m)
    const denied = tunnel('denied.example', 100)
    await watch.see(/waiting +denied\.example:443/)
    await watch.press('g')
    await watch.see(/^> waiting +denied\.example:443/m)
    await watch.press('n')
    expect(await denied).toBe('403')
    expect(await unanswered).toBe('403')
    // It rests, so that an agent that tries again and again does not hang.
    expect(await plain('silent.example', 50)).toBe('403')
  }, 240_000)

  test('holds the second request of one client as well, though the first one was for a listed host', async () => {
    // Its trace tells how far it came, should the question never be asked.
    const both = inBox(
      "curl -s --trace-time --trace-ascii trace -m 150 -w '%{http_code} ' -o /dev/null http://listed.example/ -o /dev/null http://second.example/",
    )
    await watch.see(/waiting +second\.example:80/, 90).catch((error: Error) => {
      const trace = join(cwd, 'trace')
      throw new Error(`${error.message}\n${existsSync(trace) ? readFileSync(trace, 'utf8') : 'it never ran'}`)
    })
    await watch.press('g')
    await watch.see(/^> waiting +second\.example:80/m)
    await watch.press('s')
    expect(await both).toBe('200 200')
  }, 240_000)

  test('asks for no address, and for no name of this machine or near it', async () => {
    for (const host of ['169.254.169.254', '10.0.0.1', 'metadata.google.internal', 'printer.local', 'box'])
      expect([host, await plain(host, 50)]).toEqual([host, '403'])
    const asked = (await log()).filter(({ decision }) => decision === 'waiting').map(({ host }) => host)
    expect(asked.toSorted()).toEqual(['asked.example', 'denied.example', 'second.example', 'silent.example'])
  })

  test('refuses the rest of a flood at once, and what is listed does not wait for it', async () => {
    const flood = inBox(
      'for i in $(seq 120); do curl -s -o /dev/null -m 100 -w "%{http_code}\\n" http://flood$i.example/ & done; wait',
    )
    // The list stays at the row that is chosen, so those that wait may stand above what is shown.
    await watch.see(/\d+ waiting for your key/)
    expect(await plain('listed.example', 50)).toBe('200')
    await poll('most are refused', async () => (await log()).filter(({ host }) => host.startsWith('flood')).length >= 110)
    // Who leaves the watch leaves nobody there.
    await watch.press('q')
    const answers = await flood
    expect(new Set(answers.split('\n'))).toEqual(new Set(['403']))
    expect(answers.split('\n')).toHaveLength(120)
    const asked = (await log()).filter(({ decision, host }) => decision === 'waiting' && host.startsWith('flood'))
    expect(asked.length).toBeLessThanOrEqual(10)
    expect(asked.length).toBeGreaterThan(0)
    expect(await plain('listed.example', 50)).toBe('200')
  }, 240_000)
})

describeEach('[notify] on = ["blocked"]', (backend) => {
  test('tells of a host when it is refused, once, with the command that allows it', async () => {
    const cwd = makeProject()
    const env = { XDG_CONFIG_HOME: join(root, `told-${backend}`) }
    const told = join(root, `told-${backend}.json`)
    const said = () => (existsSync(told) ? lines(readFileSync(told, 'utf8')).map((line) => JSON.parse(line) as object) : [])
    put(
      join(env.XDG_CONFIG_HOME, 'paude/config.toml'),
      `[network]\n${UPSTREAM}[notify]\non = ["blocked"]\ncommand = ["sh", "-c", "cat >>${told}"]\n`,
    )
    const id = (await paude(['--backend', backend, '--detach', '--session-name', `told-${backend}`], { cwd, env })).stdout.trim()
    const ask = (url: string) =>
      paude(['exec', id, '--', 'curl', '-s', '-o', '/dev/null', '-m', '60', '-w', '%{http_code}', url], { cwd, env })
    try {
      await poll('the wall stands', async () => (await ask('http://paude.internal/')).stdout === '200')
      expect((await ask('http://a.example/')).stdout).toBe('403')
      await poll('it is told', async () => said().length > 0)
      await ask('http://a.example/')
      await ask('http://b.example/')
      await poll('the other one is told', async () => said().length > 1)
      expect(said()).toMatchObject([
        {
          kind: 'blocked',
          session: id,
          title: `paude: told-${backend} was refused a.example:80`,
          body: `To allow it: paude network allow a.example --session ${id}`,
        },
        { title: `paude: told-${backend} was refused b.example:80` },
      ])
      const rows: unknown = JSON.parse((await paude(['sessions', '--json'], { cwd, env })).stdout)
      expect(rows).toContainEqual(expect.objectContaining({ id, blocked: 2, asks: 0 }))
    } finally {
      await paude(['rm', '--force', '--volumes', id], { cwd, env })
    }
  }, 240_000)

  test('tells of what a session without a screen asks for, whose paude stays in the foreground', async () => {
    const cwd = makeProject()
    const env = { XDG_CONFIG_HOME: join(root, `asked-${backend}`) }
    const told = join(root, `asked-${backend}.json`)
    put(
      join(env.XDG_CONFIG_HOME, 'paude/config.toml'),
      `[network]\n${UPSTREAM}[notify]\non = ["blocked"]\ncommand = ["sh", "-c", "cat >>${told}"]\n`,
    )
    const words = ['--backend', backend, '--network', 'ask', 'run', '--', 'curl', '-s', '-m', '100', 'http://asked.example/']
    const running = startPaude(words, { cwd, env })
    await poll('it is told', () => existsSync(told) && readFileSync(told, 'utf8').endsWith('\n'), 60)
    const said = JSON.parse(readFileSync(told, 'utf8')) as { session: string; title: string }
    expect(said.title).toContain('asks for asked.example:80')
    expect((await paude(['network', 'allow', 'asked.example', '--session', said.session], { cwd, env })).code).toBe(0)
    expect(await running.done).toMatchObject({ code: 0, stdout: 'hello\n' })
  }, 240_000)
})
