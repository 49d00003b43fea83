import { afterAll, beforeAll, expect, test } from 'bun:test'
import { chmodSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { HOST_NAME } from '../../src/network/names.ts'
import { buildWall, describeEach, engine, lines, makeProject, paude, poll, put, root, stateHome } from './support.ts'

const IMAGE = 'paude-why-test'
const BIG = 3 * 1024 * 1024
const LOGIN = 'ada:p@ss:w%rd'
const FAR = 'far.upstream.example'

const server = Bun.serve({
  hostname: '0.0.0.0',
  port: 0,
  fetch: (request) => new Response(new URL(request.url).pathname === '/big' ? new Uint8Array(BIG) : 'hello\n'),
})
afterAll(() => server.stop(true))

describeEach('behind an upstream proxy', (backend) => {
  const upstream = `paude-upstream-${backend}-${process.pid}`
  const cwd = makeProject()
  const config = join(root, `config-${backend}`)
  const env = { XDG_CONFIG_HOME: config, LOGIN }
  let id = ''
  let secure: ReturnType<typeof Bun.serve> | null = null
  const inBox = async (script: string) => (await paude(['exec', id, '--', 'sh', '-c', script], { cwd, env })).stdout.trim()
  // It probes its peer by a connection that asks nothing.
  const asked = async () =>
    lines((await engine(backend, ['logs', upstream])).stdout).filter((line) => !line.startsWith('- error:transaction-end'))

  beforeAll(async () => {
    await buildWall(backend, IMAGE)
    const pem = await engine(backend, [
      ...[
        'run',
        '--rm',
        '--entrypoint=openssl',
        IMAGE,
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
      ],
      ...[
        '-noenc',
        '-days',
        '9',
        '-config',
        '/usr/lib/paude/openssl.cnf',
        '-subj',
        `/CN=${FAR}`,
        '-keyout',
        '/dev/stdout',
        '-out',
        '/dev/stdout',
      ],
    ])
    secure = Bun.serve({
      hostname: '0.0.0.0',
      port: 0,
      tls: { key: pem.stdout, cert: pem.stdout },
      fetch: () => new Response('secret hello\n'),
    })
    const folder = join(root, `upstream-${backend}`)
    put(
      join(folder, 'squid.conf'),
      [
        ...[
          'http_port 3128',
          'http_access allow all',
          'hosts_file /tmp/hosts',
          'visible_hostname upstream',
          'pid_filename none',
          'cache deny all',
        ],
        ...[
          'mime_table /usr/share/paude/mime-none',
          'error_directory /usr/share/paude/errors',
          'pinger_enable off',
          'shutdown_lifetime 0 seconds',
        ],
        ...[
          'logformat told %rm %ru %{Proxy-Authorization}>h',
          'access_log stdio:/dev/stdout logformat=told',
          'cache_log stdio:/dev/stderr',
          '',
        ],
      ].join('\n'),
    )
    chmodSync(folder, 0o755)
    // Only it knows the name, and to whom it leads.
    const hosts = `while read -r address names; do case " $names " in *" ${HOST_NAME} "*|*" host.containers.internal "*) echo "$address ${FAR}";; esac; done </etc/hosts >/tmp/hosts; exec squid -N -f /work/squid.conf`
    const started = await engine(backend, [
      ...[
        'run',
        '--detach',
        `--name=${upstream}`,
        '--label=paude.test',
        `--volume=${folder}:/work:ro`,
        '--tmpfs=/tmp',
        '--tmpfs=/run',
      ],
      ...(backend === 'docker' ? [`--add-host=${HOST_NAME}:host-gateway`] : []),
      ...['--entrypoint=/usr/bin/bash', IMAGE, '-c', hosts],
    ])
    expect(started).toMatchObject({ code: 0 })
    const address = (
      await engine(backend, [
        'container',
        'inspect',
        '--format={{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}',
        upstream,
      ])
    ).stdout.trim()
    put(
      join(config, 'paude/config.toml'),
      `[network]\nupstream_proxy = "http://${address}:3128"\nupstream_credentials = "env:LOGIN"\nbandwidth = "1m"\nallow = ["${FAR}:${server.port}", "${FAR}:${secure.port}", "${HOST_NAME}:${server.port}"]\n`,
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
    await paude(['rm', '--force', '--volumes', id], { cwd, env })
    await engine(backend, ['rm', '--force', upstream])
    await secure?.stop(true)
  }, 180_000)

  test('plain requests and tunnels go through it, with the login that stands elsewhere', async () => {
    expect(await inBox(`curl -s -m 60 http://${FAR}:${server.port}/`)).toBe('hello')
    expect(await inBox(`curl -sk -m 60 https://${FAR}:${secure?.port}/`)).toBe('secret hello')
    const basic = `Basic%20${btoa(LOGIN)}`
    // A tunnel is logged once it has ended.
    await poll('both are logged', async () => (await asked()).length > 1)
    expect(await asked()).toEqual([`GET http://${FAR}:${server.port}/ ${basic}`, `CONNECT ${FAR}:${secure?.port} ${basic}`])
  })

  test('this machine is reached directly, and what is not on the list not at all', async () => {
    const before = await asked()
    expect(await inBox(`curl -s -m 60 http://${HOST_NAME}:${server.port}/`)).toBe('hello')
    expect(await inBox(`curl -s -o /dev/null -w '%{http_code}' -m 60 http://other.upstream.example/`)).toBe('403')
    expect(await asked()).toEqual(before)
  })

  test('the login is in no file of the session, and after a stop it is asked for again', async () => {
    const folder = join(stateHome, 'paude/sessions', id)
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true }))
      if (entry.isFile()) expect(readFileSync(join(entry.parentPath, entry.name), 'latin1')).not.toMatch(/p@ss|p%40ss/)
    expect((await paude(['stop', id], { cwd, env })).code).toBe(0)
    const without = await paude(['start', id], { cwd, env: { ...env, LOGIN: undefined } })
    expect(without.stderr).toContain('network.upstream_credentials: env:LOGIN is empty')
    expect((await paude(['start', id], { cwd, env })).code).toBe(0)
    await poll('it is reached again', async () => (await inBox(`curl -s -m 60 http://${FAR}:${server.port}/`)) === 'hello')
  }, 180_000)

  test('what comes in is no faster than the limit', async () => {
    const seconds = Number(await inBox(`curl -s -o /dev/null -m 60 -w '%{time_total}' http://${FAR}:${server.port}/big`))
    // Half a second's worth may lie ready.
    expect(seconds).toBeGreaterThan(BIG / 1024 ** 2 - 1)
  }, 180_000)

  test('that it does not answer is said in the sandbox and in the log', async () => {
    await engine(backend, ['rm', '--force', upstream])
    const page = await poll(
      'its end',
      async () => {
        const said = await inBox(`curl -s -m 60 http://${FAR}:${server.port}/`)
        return said !== 'hello' && said
      },
      90,
    )
    expect(page).toMatch(/^paude allows .*(connecting to upstream-proxy failed|the upstream proxy)/)
    await inBox(`curl -sk -m 60 https://${FAR}:${secure?.port}/`)
    const last = await poll('it is logged', async () => {
      const { stdout } = await paude(['network', 'log', id, '--json'], { cwd, env })
      const [line = '{}'] = lines(stdout).toReversed()
      const request = JSON.parse(line) as Record<string, unknown>
      return request['port'] === secure?.port && request
    })
    expect(last).toMatchObject({ host: FAR, decision: 'failed' })
    expect(last['rule']).toMatch(/^by the upstream proxy [\d.]+:3128: (not reached|broken off)$/)
  }, 180_000)
})
