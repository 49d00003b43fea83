import { afterAll, beforeAll, expect, test } from 'bun:test'
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { HOST_NAME } from '../../src/network/names.ts'
import {
  binary,
  describeEach,
  engine,
  lines,
  makeProject,
  paude,
  poll,
  type Ran,
  root,
  serveApi,
  startPaude,
  stateHome,
} from './support.ts'
import { makeTerminals } from './terminal.ts'

const EVENTS = 40
const server = Bun.serve({
  hostname: '0.0.0.0',
  port: 0,
  fetch: (request) => (new URL(request.url).pathname === '/stream' ? stream() : new Response('hello\n')),
})
afterAll(() => server.stop(true))

/** An answer that takes four seconds, event by event. */
function stream(): Response {
  const body = new ReadableStream({
    async start(controller) {
      for (let at = 0; at < EVENTS; at++) {
        controller.enqueue(new TextEncoder().encode(`data: ${at}\n\n`))
        await Bun.sleep(100)
      }
      controller.close()
    },
  })
  return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
}

const SITE = `${HOST_NAME}:${server.port}`

/** Begins something that lasts so many seconds and looks at it; once more with the next number where that took longer, as on a busy machine. */
async function withinTime(all: readonly number[], begin: (seconds: number) => Promise<() => Promise<unknown>>): Promise<void> {
  for (const [at, seconds] of all.entries()) {
    const began = Date.now()
    const look = await begin(seconds)
    try {
      return void (await look())
    } catch (error) {
      if (Date.now() - began < seconds * 1000 || at === all.length - 1) throw error
    }
  }
}

describeEach('a running session', (backend) => {
  const cwd = makeProject()
  let id = ''
  const call = (...words: readonly string[]): Promise<Ran> => paude(words, { cwd })
  const network = (...words: readonly string[]): Promise<Ran> => call('network', ...words)
  const inBox = async (script: string): Promise<string> => (await call('exec', id, '--', 'sh', '-c', script)).stdout.trim()
  const status = (url: string) => inBox(`curl -s -o /dev/null -m 60 -w '%{http_code}' ${url}`)
  const logged = async () =>
    lines((await network('log', id, '--json')).stdout).map((line) => JSON.parse(line) as Record<string, unknown>)
  const must = async (ran: Promise<Ran>): Promise<Ran> => {
    const { code, stdout, stderr } = await ran
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' })
    return { code, stdout, stderr }
  }

  beforeAll(async () => {
    const { stdout } = await must(call('--backend', backend, '--network-deny', 'never.example', '--detach'))
    id = stdout.trim()
    await poll('the wall stands', async () => (await status('http://paude.internal/')) === '200')
  }, 600_000)
  afterAll(async () => {
    await call('rm', '--force', '--volumes', id)
  }, 400_000)

  test('is told the command that allows what was blocked, and that command works', async () => {
    const page = await inBox(`curl -s http://${SITE}/`)
    const typed = /paude (network allow \S+ --session \S+)$/m.exec(page)?.[1] ?? ''
    expect(typed).toBe(`network allow ${SITE} --session ${id}`)
    expect((await network('why', `http://${SITE}/`, id)).stderr).toContain(`paude network allow ${SITE} --session ${id}`)
    await must(call(...typed.split(' ')))
    expect(await status(`http://${SITE}/`)).toBe('200')
    expect(await inBox('curl -s http://paude.internal/')).toContain(`  ${SITE.replace(':', ' ')}\n`)
    expect((await network('why', `http://${SITE}/`, id)).stdout).toContain(
      `allowed: http to ${SITE}, by ${SITE} (allowed by you for this session)`,
    )
  })

  test.each(['192.168.7.7', 'box'])('is told that no entry can allow %s, and no command', async (host) => {
    const page = await inBox(`curl -s http://${host}/`)
    expect(page).toContain(`blocked this request to ${host}: it is an IP address or a short name`)
    expect(page).not.toContain('network allow')
  })

  test('is told that a name which is allowed was not found, and not that it is blocked', async () => {
    await must(network('allow', 'nowhere.invalid', '--session', id))
    const page = await inBox('curl -s http://nowhere.invalid/')
    expect(page).toContain('paude allows nowhere.invalid, but the name was not found')
    expect(page).not.toContain('network allow')
    await inBox('curl -s https://nowhere.invalid/')
    const log = await poll('both are logged', async () => {
      const all = await logged()
      return all.filter(({ host }) => host === 'nowhere.invalid').length === 2 && all
    })
    expect(log.slice(-2).map(({ port, decision, rule }) => [port, decision, rule])).toEqual([
      [80, 'failed', 'name not found'],
      [443, 'blocked', 'not found, or at a private address'],
    ])
    await must(network('unset', 'nowhere.invalid', '--session', id))
  })

  test('logs every request with the revision it was decided by, and sessions and its record tell the same', async () => {
    const { revision } = JSON.parse((await network('list', id, '--json')).stdout) as { revision: string }
    const before = (await logged()).length
    await status(`http://${SITE}/`)
    const requests = await poll('it is logged', async () => {
      const all = await logged()
      return all.length > before && all
    })
    expect(requests.at(-1)?.['revision']).toBe(revision)
    const listed = JSON.parse((await call('sessions', '--json')).stdout) as { id: string; revision: string }[]
    expect(listed.find((row) => row.id === id)?.revision).toBe(revision)
    expect(JSON.parse(readFileSync(join(stateHome, 'paude/sessions', id, 'session.json'), 'utf8')).revision).toBe(revision)
  })

  test('keeps its open streams and its wall while it is changed again and again', async () => {
    const reading = inBox(`curl -sN -m 150 http://${SITE}/stream`)
    const asking = inBox(
      `for i in $(seq 80); do curl -s -o /dev/null -m 60 -w 'open %{http_code}\\n' http://${SITE}/; curl -s -o /dev/null -m 60 -w 'shut %{http_code}\\n' http://never.example/; done | sort | uniq -c`,
    )
    for (const name of ['one', 'two', 'three', 'four']) await must(network('allow', `${name}.example`, '--session', id))
    await must(network('deny', 'one.example', '--session', id))
    expect(
      (await asking)
        .replace(/ +/g, ' ')
        .split('\n')
        .map((line) => line.trim()),
    ).toEqual(['80 open 200', '80 shut 403'])
    expect(lines(await reading).filter((line) => line.startsWith('data: '))).toHaveLength(EVENTS)
  })

  test('keeps its policy when the new one is none that squid takes', async () => {
    const place = join(stateHome, 'paude/sessions', id, 'policy/0123456789ab')
    mkdirSync(place)
    writeFileSync(join(place, 'squid.conf'), 'http_port 127.0.0.1:3128\nacl broken all-of nobody\nhttp_access allow all\n')
    const proxy = `${id}-proxy`
    const child = Bun.spawn([backend, 'exec', '-i', proxy, '/usr/lib/paude/policy'], {
      stdin: new Blob(['0 0123456789ab\n']),
      stdout: 'pipe',
      stderr: 'pipe',
    })
    expect(await new Response(child.stderr).text()).toContain('squid does not take the policy')
    expect(await child.exited).not.toBe(0)
    expect(await status(`http://${SITE}/`)).toBe('200')
    expect(await status('http://never.example/')).toBe('403')
  })

  test('hears of a change itself, without a program of the engine in its proxy', async () => {
    const folder = join(cwd, '../without-exec')
    mkdirSync(folder)
    const real = Bun.which(backend) ?? ''
    const stub = `#!/bin/sh\n[ "$1" != exec ] || exit 97\nexec '${real}' "$@"\n`
    writeFileSync(join(folder, backend), stub, { mode: 0o755 })
    const env = { PATH: `${folder}:${process.env['PATH']}` }
    await must(paude(['network', 'deny', SITE, '--session', id], { cwd, env }))
    expect(await status(`http://${SITE}/`)).toBe('403')
    await must(paude(['network', 'unset', SITE, '--session', id], { cwd, env }))
    await must(paude(['network', 'allow', SITE, '--session', id], { cwd, env }))
    expect(await status(`http://${SITE}/`)).toBe('200')
  })

  test('takes every change up though its proxy is signalled all the time', async () => {
    const script = 'exec {nap}<> <(:); while [[ ! -e /run/calm ]]; do kill -USR1 1; read -r -t 0.002 -u "$nap"; done'
    const storm = engine(backend, ['exec', `${id}-proxy`, 'bash', '-c', script])
    try {
      for (let at = 0; at < 12; at++) await must(network('allow', `storm${at}.example`, '--session', id))
    } finally {
      await engine(backend, ['exec', `${id}-proxy`, 'bash', '-c', ': >/run/calm'])
      await storm
    }
    expect(await status(`http://${SITE}/`)).toBe('200')
  }, 400_000)

  test('refuses what a denial would overrule, and says where it stands', async () => {
    const refused = await network('allow', 'never.example', '--session', id)
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain('never.example is denied by never.example (requested by --network-deny), and a denial wins')
    await must(network('deny', 'a.example', '--session', id))
    expect((await network('allow', 'x.example', '@github', '--session', id)).code).toBe(0)
    await must(network('allow', 'a.example', '--session', id))
    await must(network('unset', 'a.example', 'x.example', '@github', '--session', id))
    expect((await network('unset', 'a.example', '--session', id)).stderr).toContain(
      'you have neither allowed nor denied a.example in this session',
    )
  })

  test('loses what was allowed for some seconds by itself, though its proxy was started anew meanwhile', async () => {
    await must(network('unset', SITE, '--session', id))
    await withinTime([15, 60, 180], async (seconds) => {
      await must(network('allow', SITE, '--for', `${seconds}s`, '--session', id))
      return async () => {
        expect(await status(`http://${SITE}/`)).toBe('200')
        await engine(backend, ['restart', '-t', '0', `${id}-proxy`])
        await poll('the proxy answers', async () => (await status('http://paude.internal/')) === '200')
        expect((await network('list', id, '--origin')).stdout).toContain('allowed by you for this session, until ')
      }
    })
    await poll('it has ended', async () => (await status(`http://${SITE}/`)) === '403', 240)
    expect((await network('list', id)).stdout).not.toContain(SITE)
  }, 400_000)

  test('gets back what was said for good once a word for some seconds has ended', async () => {
    await must(network('allow', SITE, '--session', id))
    await withinTime([8, 40, 120], async (seconds) => {
      await must(network('deny', SITE, '--for', `${seconds}s`, '--session', id))
      return async () => expect(await status(`http://${SITE}/`)).toBe('403')
    })
    await poll('the denial has ended', async () => (await status(`http://${SITE}/`)) === '200', 240)
    await must(network('allow', SITE, '--for', '1s', '--session', id))
    const end = Date.now() / 1000 + 3
    await poll('its time is over', () => Date.now() / 1000 > end)
    expect(await status(`http://${SITE}/`)).toBe('200')
  }, 400_000)

  test('still has its own changes after a stop, but not what has ended', async () => {
    await must(network('allow', SITE, '--session', id))
    await must(network('allow', 'gone.example', '--for', '1s', '--session', id))
    const end = Date.now() / 1000 + 2
    await must(call('stop', id))
    await poll('its time is over', () => Date.now() / 1000 > end)
    const said = await must(network('allow', 'later.example', '--session', id))
    expect(said.stderr).toContain(' is not running: the change applies from its next start')
    await must(call('start', id))
    await poll('the wall stands', async () => (await status('http://paude.internal/')) === '200')
    expect(await status(`http://${SITE}/`)).toBe('200')
    const page = await inBox('curl -s http://paude.internal/')
    expect(page).toContain('  later.example 80,443')
    expect(page).not.toContain('gone.example')
  }, 400_000)
})

describeEach('paude network watch', (backend) => {
  test('shows what is blocked as it happens, and one key allows the host that is chosen, also when another one comes', async () => {
    const cwd = makeProject()
    const id = (await paude(['--backend', backend, '--detach'], { cwd })).stdout.trim()
    const terminals = makeTerminals()
    const ask = async (url: string) =>
      (await paude(['exec', id, '--', 'curl', '-s', '-o', '/dev/null', '-m', '60', '-w', '%{http_code}', url], { cwd })).stdout
    try {
      await poll('the wall stands', async () => (await ask('http://paude.internal/')) === '200')
      const terminal = await terminals.open({ cwd, env: {} })
      await terminal.start(`${binary} network watch ${id}`)
      await terminal.see('nothing was blocked yet')
      await ask(`http://${SITE}/`)
      await terminal.see(`> blocked  ${SITE}`)
      await ask('https://other.example/')
      await terminal.see(/^ {2}blocked +other\.example:443 +1 .* curl\/\d/m)
      await terminal.press('s')
      await terminal.see(`${SITE} is allowed in ${id}`)
      await terminal.see(new RegExp(`^> allowed +${SITE}`, 'm'))
      expect(await ask(`http://${SITE}/`)).toBe('200')
      await terminal.press('z')
      await terminal.see('is blocked again')
      await terminal.see(new RegExp(`^> blocked +${SITE}`, 'm'))
      expect(await ask(`http://${SITE}/`)).toBe('403')
      await terminal.press('?')
      await terminal.see('undo the last of these keys')
      await terminal.press('s')
      // The newest comes first, and that is the one that was asked for again.
      await terminal.see(new RegExp(`^> blocked +${SITE} +2 `, 'm'))
      await terminal.press('j')
      await terminal.press('n')
      await terminal.see('other.example is denied')
      await terminal.see(/^> denied +other\.example:443/m)
      await terminal.press('q')
      expect(await terminal.ended()).toBe(0)
      expect((await paude(['network', 'list', id, '--json'], { cwd })).stdout).toContain('"verb": "deny"')
      const watching = startPaude(['network', 'watch', id], { cwd })
      const forScripts = startPaude(['network', 'watch', id, '--json'], { cwd })
      await poll('the watchers look', () => [watching, forScripts].every((one) => one.stderr().includes('showing new blocks')))
      await poll('the line of the watcher', async () => {
        await ask('http://new.example:8080/')
        return watching.stdout().includes('new.example:8080')
      })
      expect(watching.stdout()).not.toContain('other.example')
      const told = await poll(
        'the object of the other one',
        () => forScripts.stdout().includes('new.example') && forScripts.stdout(),
      )
      expect(JSON.parse(lines(told)[0] ?? '')).toMatchObject({
        session: id,
        host: 'new.example',
        port: 8080,
        revision: expect.stringMatching(/^[0-9a-f]{12}$/),
      })
      for (const one of [watching, forScripts]) {
        one.kill('SIGTERM')
        await one.done
      }
    } finally {
      await terminals.stop()
      await paude(['rm', '--force', '--volumes', id], { cwd })
    }
  }, 400_000)
})

describeEach('a change that is cut off', (backend) => {
  const MOMENTS = [60, 100, 140, 180, 240]

  test.each(['SIGINT', 'SIGKILL'] as const)(
    'by %s is never said to be narrower than what the box gets',
    async (signal) => {
      const cwd = makeProject()
      const id = (await paude(['--backend', backend, '--detach'], { cwd })).stdout.trim()
      const status = async (url: string) =>
        (await paude(['exec', id, '--', 'curl', '-s', '-o', '/dev/null', '-m', '60', '-w', '%{http_code}', url], { cwd })).stdout
      const cut = async (after: number, ...words: readonly string[]) => {
        const running = startPaude(['network', ...words, '--session', id], { cwd })
        await Bun.sleep(after)
        running.kill(signal)
        await running.done
      }
      const told = async () => {
        const why = await paude(['network', 'why', `http://${SITE}/`, id], { cwd })
        const listing = await paude(['network', 'list', id, '--json'], { cwd })
        expect({ why: why.stderr, listing: listing.stderr }).toEqual({
          why: expect.not.stringContaining('not known'),
          listing: '',
        })
        const list = JSON.parse(listing.stdout) as List
        const box = await status(`http://${SITE}/`)
        const { revision } = JSON.parse(readFileSync(join(stateHome, 'paude/sessions', id, 'session.json'), 'utf8')) as List
        const served = (await engine(backend, ['exec', `${id}-proxy`, 'cat', '/run/served'])).stdout.trim()
        const listed = list.entries.some(({ verb, host, ports }) => verb === 'allow' && `${host}:${ports[0]}` === SITE)
        const denied = list.entries.some(({ verb, host }) => verb === 'deny' && host === HOST_NAME)
        return { why: why.code === 0, list: listed && !denied, record: revision === served, box: box === '200' }
      }
      const agree = async (after: string) => {
        // What the proxy was told before the cut it may take up between two of these questions.
        for (let tries = 1; ; tries++) {
          const { box, ...said } = await told()
          const isOne = said.why === box && said.list === box && said.record
          if (!isOne && tries < 4) continue
          expect({ after, ...said }).toEqual({ after, why: box, list: box, record: true })
          return box
        }
      }
      try {
        await poll('the wall stands', async () => (await status('http://paude.internal/')) === '200')
        for (const moment of MOMENTS) {
          await cut(moment, 'allow', SITE)
          if (!(await agree(`allow, ${moment} ms`))) await paude(['network', 'allow', SITE, '--session', id], { cwd })
          await cut(moment, 'deny', HOST_NAME)
          if (await agree(`deny, ${moment} ms`)) await paude(['network', 'deny', HOST_NAME, '--session', id], { cwd })
          await cut(moment, 'unset', HOST_NAME)
          if (await agree(`unset, ${moment} ms`)) await paude(['network', 'unset', SITE, '--session', id], { cwd })
          else await paude(['network', 'unset', HOST_NAME, SITE, '--session', id], { cwd })
        }
      } finally {
        await paude(['rm', '--force', '--volumes', id], { cwd })
      }
    },
    400_000,
  )
})

const isRoot = process.getuid?.() === 0
if (!isRoot) console.log('skipped: a managed file, which only root can put in its place')
describeEach('a session that is older than the managed file', (backend) => {
  /** A copy of /etc for one process, with a managed file in it: the machine itself is left alone. */
  const managed = (text: string): readonly string[] => {
    const etc = join(root, `managed-etc-${backend}`)
    if (!existsSync(etc)) cpSync('/etc', etc, { recursive: true, dereference: false, verbatimSymlinks: true })
    mkdirSync(join(etc, 'paude'), { recursive: true, mode: 0o755 })
    writeFileSync(join(etc, 'paude/managed.toml'), text, { mode: 0o644 })
    return ['unshare', '--mount', 'sh', '-c', `mount --bind '${etc}' /etc && exec "$@"`, 'sh']
  }

  test.skipIf(!isRoot)(
    'neither starts with more than that lets anybody have, nor is given it',
    async () => {
      const cwd = makeProject()
      const id = (await paude(['--backend', backend, '--network-allow', SITE, '--detach'], { cwd })).stdout.trim()
      const under = async (text: string, ...words: readonly string[]) => {
        const { code, stderr } = await paude(words, { cwd, through: managed(text) })
        return `${code} ${stderr}`
      }
      const allow = ['network', 'allow', 'a.example', '--session', id]
      const deny = `network.deny = ["${SITE}"]\n`
      const own = `network.allow = ["*.ours.example", "${SITE}"]\n`
      try {
        expect(await under('network.mode = "none"\n', ...allow)).toMatch(/^1 .*network\.mode = restricted of session .* exceeds/)
        expect(await under(own, ...allow)).toMatch(/^1 .*network\.allow = a\.example of session .* exceeds/)
        expect(await under(deny, ...allow)).toMatch(
          new RegExp(`^1 .*does not deny ${SITE}, which /etc/paude/managed\\.toml denies`),
        )
        expect(await under(own, 'network', 'allow', 'git.ours.example', '--session', id)).toMatch(/^0/)
        expect(await under(deny, 'network', 'deny', SITE, '--session', id)).toMatch(/^0/)
        expect(await under(deny, ...allow)).toMatch(/^0/)
        expect(await under(deny, 'network', 'unset', SITE, '--session', id)).toMatch(/^1 .*does not deny/)
        await paude(['network', 'unset', SITE, 'a.example', '--session', id], { cwd })
        await paude(['stop', id], { cwd })
        for (const text of ['network.mode = "none"\n', 'network.allow = ["*.ours.example"]\n', deny]) {
          expect(await under(text, 'start', id)).toMatch(/^(1|125) .*\/etc\/paude\/managed\.toml/)
          expect(await under(text, 'start', id, '--dry-run')).toMatch(/^(1|125) .*\/etc\/paude\/managed\.toml/)
        }
        expect(await under(own, 'start', id)).toMatch(/^0/)
      } finally {
        await paude(['rm', '--force', '--volumes', id], { cwd })
      }
    },
    240_000,
  )
})

type List = {
  readonly revision: string
  readonly entries: readonly { readonly verb: string; readonly host: string; readonly ports: readonly number[] }[]
}

describeEach('a session that records', (backend) => {
  test('is told how a port of this machine is opened, and is not let through before', async () => {
    const cwd = makeProject()
    const words = ['--backend', backend, '--network', 'record', '--detach']
    const id = (await paude(words, { cwd })).stdout.trim()
    try {
      const page = async () => (await paude(['exec', id, '--', 'curl', '-s', '-m', '60', `http://${SITE}/`], { cwd })).stdout
      await poll('the wall stands', async () => (await page()) !== '')
      expect(await page()).toMatch(new RegExp(`: paude network allow ${SITE} --session ${id}$`, 'm'))
      expect((await paude(['network', 'why', `http://${SITE}/`, id], { cwd })).stdout).toStartWith('blocked')
      await poll('it is logged', async () => (await paude(['network', 'propose', id], { cwd })).stdout.includes(`"${SITE}"`))
      expect((await paude(['network', 'allow', SITE, '--session', id], { cwd })).code).toBe(0)
      expect(await page()).not.toContain('paude blocked')
    } finally {
      await paude(['rm', '--force', '--volumes', id], { cwd })
    }
  }, 400_000)
})

describeEach('an agent', (backend) => {
  test('that was blocked goes on within the same run once its host is allowed', async () => {
    const api = serveApi()
    try {
      const cwd = makeProject()
      const script = `BASH for i in $(seq 300); do curl -sf -m 60 http://${SITE}/ && exit; sleep 0.1; done;;SAY done`
      const running = startPaude(['--backend', backend, '-p', script, '--dangerously-skip-permissions'], { cwd, env: api.env })
      await poll('it is blocked', async () => blockedHosts(cwd).then((hosts) => hosts.includes(SITE)), 60)
      expect((await paude(['network', 'allow', SITE], { cwd })).code).toBe(0)
      const { code, stdout } = await running.done
      expect({ code, stdout: stdout.trim() }).toEqual({ code: 0, stdout: 'done' })
    } finally {
      await api.stop()
    }
  }, 400_000)
})

async function blockedHosts(cwd: string): Promise<readonly string[]> {
  const { code, stdout } = await paude(['network', 'blocked', '--json'], { cwd })
  return code === 0 ? (JSON.parse(stdout) as { host: string; port: number }[]).map(({ host, port }) => `${host}:${port}`) : []
}

/** Also for places that the box's own settings except from it. */
const PROXY = 'http://127.0.0.1:3128'

describeEach('a service without TLS', (backend) => {
  const cwd = makeProject()
  let id = ''
  const network = (...words: readonly string[]): Promise<Ran> => paude(['network', ...words], { cwd })
  /** What a client gets through a tunnel (CONNECT), as exporters of telemetry ask for it; '' where it is cut. */
  const tunnelled = async (url: string) =>
    (await paude(['exec', id, '--', 'curl', '-s', '-m', '60', '--proxytunnel', url], { cwd })).stdout.trim()
  /** What squid answers to the CONNECT itself. */
  const connect = async (url: string) =>
    (
      await paude(
        [
          'exec',
          id,
          '--',
          'curl',
          '-s',
          '-o',
          '/dev/null',
          '-m',
          '60',
          '-w',
          '%{http_connect}',
          '--noproxy',
          '',
          '--proxy',
          PROXY,
          '--proxytunnel',
          url,
        ],
        { cwd },
      )
    ).stdout

  beforeAll(async () => {
    const { stdout, stderr, code } = await paude(['--backend', backend, '--network-allow', SITE, '--detach'], { cwd })
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' })
    id = stdout.trim()
    const ask = ['exec', id, '--', 'curl', '-s', '-o', '/dev/null', '-w', '%{http_code}', 'http://paude.internal/']
    await poll('the wall stands', async () => (await paude(ask, { cwd })).stdout === '200')
  }, 600_000)
  afterAll(async () => {
    await paude(['rm', '--force', '--volumes', id], { cwd })
  }, 400_000)

  test('is cut from a tunnel where its entry does not say http://, and why, log and blocked name the entry that does', async () => {
    expect(await tunnelled(`http://${SITE}/`)).toBe('')
    await poll('it is logged', async () => (await network('blocked', id)).stdout.includes('no TLS in a tunnel'))
    const typed = `network allow http://${SITE} --session ${id}`
    for (const url of [`http://${SITE}/`, `https://${SITE}/`]) {
      const why = await network('why', url, id)
      expect(why.stderr).toMatch(new RegExp(`the proxy cut a tunnel \\(CONNECT\\) to ${SITE}, since it carried no TLS`))
      expect(why.stderr).toContain(`paude ${typed}`)
    }
    expect(JSON.parse((await network('why', `http://${SITE}/`, id, '--json')).stdout)).toMatchObject({ tunnel: 'tls' })
    const blocked = await network('blocked', id)
    expect(blocked.stdout).toContain('no TLS in a tunnel')
    expect(blocked.stderr).toContain(`paude ${typed}`)
    expect((await network('log', id)).stdout).toMatch(/blocked +CONNECT .*no TLS in a tunnel: allow http:\/\/HOST:PORT/)
    expect((await network('propose', id)).stdout).toContain(`"http://${SITE}"`)
  })

  test('is reached through a tunnel once it is allowed with http://, and that host and port alone', async () => {
    expect((await network('allow', `http://${SITE}`, '--session', id)).code).toBe(0)
    expect(await tunnelled(`http://${SITE}/`)).toBe('hello')
    expect((await network('list', id)).stdout).toContain(`http://${SITE}`)
    const why = await network('why', `http://${SITE}/`, id)
    expect({ code: why.code, stderr: why.stderr }).toEqual({ code: 0, stderr: '' })
    expect(JSON.parse((await network('why', `http://${SITE}/`, id, '--json')).stdout)).toMatchObject({ tunnel: 'anything' })
    // A tunnel is logged once it has ended.
    await poll('it is logged', async () => (await network('log', id, '--json')).stdout.includes('"plain":true'))
    const last = lines((await network('log', id, '--json')).stdout).at(-1) ?? ''
    expect(JSON.parse(last)).toMatchObject({ method: 'CONNECT', decision: 'allowed', plain: true })

    const other = `${HOST_NAME}:${server.port === 9 ? 10 : 9}`
    for (const place of [other, 'else.example:4318', '169.254.169.254:80', '127.0.0.1:3129', `172.17.0.1:${server.port}`]) {
      expect(await connect(`http://${place}/`)).toBe('403')
      expect((await network('why', `https://${place}/`, id)).code).toBe(1)
    }
  })

  test('never makes a way to a private address of its name', async () => {
    // A name of this very machine leads to its loopback in the proxy.
    const [loop, private_] = ['localhost.paude-test.example', 'ten.paude-test.example']
    const script = `printf '%s\\n' '127.0.0.1 ${loop}' '10.1.2.3 ${private_}' >>/run/hosts`
    expect((await engine(backend, ['exec', `${id}-proxy`, 'bash', '-c', script])).code).toBe(0)
    for (const name of [loop, private_]) {
      expect((await network('allow', `http://${name}:3129`, '--session', id)).code).toBe(0)
      expect(await connect(`http://${name}:3129/`)).toBe('403')
      const page = await paude(['exec', id, '--', 'curl', '-s', '-m', '60', `http://${name}:3129/`], { cwd })
      expect(page.stdout).toContain('but has a private address')
    }
  })

  test('is cut again once that is taken back', async () => {
    expect((await network('unset', `http://${SITE}`, '--session', id)).code).toBe(0)
    expect(await tunnelled(`http://${SITE}/`)).toBe('')
  })
})
