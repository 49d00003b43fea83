import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { chmodSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { conforms, listed, shell } from './conformance.ts'
import { cleanUp, home, makeProject, paude, poll, put, root, runGit, stateHome } from './support.ts'

/** A cluster whose network enforces policies; its images were loaded by scripts/e2e.ts. */
const kubeconfig = process.env['PAUDE_TEST_KUBECONFIG'] ?? ''
const asked = (process.env['PAUDE_TEST_BACKENDS'] ?? '').split(',').includes('kubernetes')
const namespace = `paude-e2e-${process.pid}`
const PATIENCE = 180_000

/** Claude shows its screen without an answer of its provider. */
const env = { KUBECONFIG: kubeconfig, ANTHROPIC_API_KEY: 'sk-ant-api03-real-e2e-of-a-cluster' }
const cwd = makeProject()

const on = (...words: readonly string[]) => paude(words, { env, cwd })
const run = (words: readonly string[], stdin = '') =>
  paude(['--backend', 'kubernetes', '--workspace', 'none', 'run', ...words], { env, cwd, ...(stdin === '' ? {} : { stdin }) })

function kubectl(...words: readonly string[]): string {
  const { stdout, stderr, exitCode } = Bun.spawnSync(['kubectl', `--kubeconfig=${kubeconfig}`, ...words], { cwd: '/' })
  if (exitCode !== 0) throw new Error(`kubectl ${words.join(' ')}: ${stderr}`)
  return stdout.toString()
}

/** Everything of sessions that is there, but for HOME. */
const left = () =>
  kubectl(
    ...['--namespace', namespace, 'get', 'job,pod,deployment,service,secret,configmap,networkpolicy,persistentvolumeclaim'],
    ...['--selector=paude.id', '--output=name'],
  ).trim()

const nothingLeft = () => poll('nothing is left', () => left() === '')

describe.skipIf(kubeconfig === '' || !asked)('a session on a cluster', () => {
  beforeAll(() => {
    kubectl('create', 'namespace', namespace)
    kubectl('label', 'namespace', namespace, 'pod-security.kubernetes.io/enforce=restricted')
    mkdirSync(join(home, '.config/paude'), { recursive: true })
    writeFileSync(
      join(home, '.config/paude/config.toml'),
      `[kubernetes]\nnamespace = "${namespace}"\n[agent_config]\nimport = "on"\n`,
    )
    mkdirSync(join(home, '.claude'), { recursive: true })
    writeFileSync(join(home, '.claude/CLAUDE.md'), 'as I am used to\n')
  })
  afterAll(() => {
    kubectl('delete', 'namespace', namespace, '--wait=false')
    cleanUp()
  })

  test(
    'one command gets its stdin, and its streams and its exit code are its own; nothing stays',
    async () => {
      const { stdout, stderr, code } = await run(['--', 'sh', '-c', 'cat; echo to-stderr >&2; id -u; exit 7'], 'from outside\n')
      expect({ stdout, code }).toEqual({ stdout: 'from outside\n1000\n', code: 7 })
      expect(stderr).toContain('to-stderr\n')
      expect(stderr).not.toContain('command terminated')
      await nothingLeft()
    },
    PATIENCE,
  )

  test(
    'the agent reaches its proxy and nothing else of the cluster, not even names',
    async () => {
      const api = /https:\/\/([\d.]+):(\d+)/.exec(
        kubectl('config', 'view', '--minify', '--output=jsonpath={.clusters[0].cluster.server}'),
      )
      const service = kubectl('get', 'service', 'kubernetes', '--output=jsonpath={.spec.clusterIP}')
      const places = [`${api?.[1]}/${api?.[2]}`, `${service}/443`, `${api?.[1]}/10250`, '192.0.2.1/443', '169.254.169.254/80']
      const script = [
        'curl -sS --max-time 10 http://paude.internal/ | head -1',
        ...places.map((place) => `timeout 3 bash -c 'exec 3<>/dev/tcp/${place}' 2>/dev/null && echo reached ${place}`),
        'curl -s --max-time 10 -o /dev/null -w "%{http_connect}\\n" https://unlisted.example.org',
        'ls /var/run/secrets 2>/dev/null; env | grep -c _SERVICE_PORT=; cat /etc/resolv.conf; ls -ld /tmp | cut -c1-10',
        'grep -E "^(CapEff|NoNewPrivs|Seccomp):" /proc/self/status | tr "\\t" " "; touch /nobody 2>&1 | grep -o Read-only',
      ].join('\n')
      const { stdout, stderr } = await run(['--network', 'restricted', '--', 'bash', '-c', script])
      const [page, ...rest] = stdout.trimEnd().split('\n')
      expect(page).toMatch(/^paude \(policy [0-9a-f]{12}\)/)
      // The API server tells every pod where it is, and no pod of ours gets there.
      expect(rest).toEqual([
        '403',
        '1',
        'nameserver 127.0.0.1',
        'drwxrwxrwt',
        'CapEff: 0000000000000000',
        'NoNewPrivs: 1',
        'Seccomp: 2',
        'Read-only',
      ])
      expect(stderr).toContain('blocked 1 host: unlisted.example.org:443')
      await nothingLeft()
    },
    PATIENCE,
  )

  test(
    'a conversation in a clone lives in the background, is stopped, goes on, and gives its work back',
    async () => {
      const { stdout, code, stderr } = await on(
        ...['--backend', 'kubernetes', '--workspace', 'clone', '--session-name', 'far', '--detach'],
      )
      expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' })
      const id = stdout.trim()
      await poll('Claude shows itself', async () => (await on('screen', 'far')).stdout.includes('Claude Code'))
      expect((await on('sessions')).stdout).toMatch(/far\s+running.*claude\s+kubernetes/)
      const inside = await on('exec', 'far', '--', 'sh', '-c', 'echo two >b.txt && git add b.txt && git commit -qm far; exit 5')
      expect(inside.code).toBe(5)
      // No object that others may read has the credential, and the agent does not have it either.
      const seen = kubectl('--namespace', namespace, 'get', 'job,pod,deployment,configmap', '--output=json')
      expect(seen).not.toContain(env.ANTHROPIC_API_KEY)
      expect((await on('exec', 'far', '--', 'env')).stdout).not.toContain(env.ANTHROPIC_API_KEY)

      expect((await on('network', 'allow', 'allowed.example.org', '--session', 'far')).code).toBe(0)
      expect((await on('exec', 'far', '--', 'curl', '-s', 'http://paude.internal/')).stdout).toContain('allowed.example.org')

      writeFileSync(join(cwd, 'note.txt'), 'for you\n')
      const sent = (await on('send', '--file', 'note.txt', 'far')).stdout.trim()
      const own = () => on('exec', 'far', '--', 'sh', '-c', `cat "$HOME/.claude/CLAUDE.md" ${sent}`)
      expect((await own()).stdout).toBe('as I am used to\nfor you\n')
      expect((await on('sync', 'far')).stdout).toBe('sent 1 file: note.txt\n')

      expect((await on('stop', 'far')).code).toBe(0)
      expect((await on('sessions')).stdout).toMatch(/far\s+stopped/)
      expect(kubectl('--namespace', namespace, 'get', 'secret', '--output=name')).not.toContain(`${id}-credential`)
      expect((await on('diff', 'far')).stdout).toContain('+two')
      writeFileSync(join(cwd, 'note.txt'), 'while it was stopped\n')
      expect((await on('sync', 'far')).stdout).toBe('sent 1 file: note.txt\n')

      expect((await on('start', 'far')).code).toBe(0)
      // What was allowed while it ran holds after a start too.
      expect((await on('exec', 'far', '--', 'curl', '-s', 'http://paude.internal/')).stdout).toContain('allowed.example.org')
      expect((await own()).stdout).toBe('as I am used to\nfor you\n')
      expect((await on('exec', 'far', '--', 'cat', 'note.txt')).stdout).toBe('while it was stopped\n')
      expect((await on('pull', 'far')).code).toBe(0)
      expect(runGit(cwd, ['log', '--format=%s', '--all'])).toContain('far')
      expect((await on('rm', '--force', '--volumes', 'far')).code).toBe(0)
      await nothingLeft()
      expect(kubectl('--namespace', namespace, 'get', 'persistentvolumeclaim', '--output=name')).toBe('')
    },
    PATIENCE,
  )

  test(
    'what is left of a session whose record is lost is removed by its owner alone, and not while it runs',
    async () => {
      // Engines of this machine have sessions of others.
      const clients = join(root, 'clients')
      for (const name of ['docker', 'podman']) chmodSync(put(join(clients, name), '#!/bin/sh\nexit 1\n'), 0o755)
      const mine = { ...env, PAUDE_BACKEND: 'kubernetes', PATH: `${clients}:${process.env['PATH']}` }
      const orphans = (more: Readonly<Record<string, string>> = {}) =>
        paude(['rm', '--orphans', '--force'], { env: { ...mine, ...more }, cwd })

      const { stdout, code } = await on('--backend', 'kubernetes', '--workspace', 'none', '--detach')
      expect(code).toBe(0)
      const id = stdout.trim()
      renameSync(join(stateHome, 'paude/sessions', id), join(root, 'lost'))
      expect((await orphans()).stderr).toContain('no orphans')

      kubectl('--namespace', namespace, 'patch', 'job', id, '--type=merge', '--patch={"spec":{"suspend":true}}')
      const agents = () => kubectl('--namespace', namespace, 'get', 'pod', '--selector=paude.role=agent', '--output=name')
      await poll('the agent is gone', () => agents() === '')
      expect((await orphans({ XDG_STATE_HOME: join(root, 'of-another') })).stderr).toContain('no orphans')
      expect(left()).toContain(id)
      expect((await paude(['doctor'], { env: mine, cwd })).stdout).toContain(`belong to no session: ${id}`)
      const kept = await paude(['rm', '--orphans'], { env: mine, cwd })
      expect(kept.stderr).toContain(`left in place, since it may hold work of a clone: ${id}`)
      expect((await orphans()).stderr).toContain('removed 1 orphaned part')
      await nothingLeft()
    },
    PATIENCE,
  )

  test(
    'the self-test finds every way out closed, names what it cannot ask, and leaves nothing behind',
    async () => {
      const { stdout, code, stderr } = await on('--backend', 'kubernetes', 'selftest', '--json')
      expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' })
      const { probes } = JSON.parse(stdout) as { readonly probes: readonly { readonly id: string; readonly result: string }[] }
      const of = (result: string) => probes.flatMap((one) => (one.result === result ? [one.id] : []))
      expect(of('BROKEN')).toEqual([])
      expect(of('held').length).toBeGreaterThan(80)
      // Ways whose other end answers the proxy, so that a closed one is closed by a policy.
      for (const id of ['K01', 'N03', 'N04', 'N05', 'N07', 'B01', 'P02', 'S10']) expect(of('held')).toContain(id)
      await nothingLeft()
    },
    2 * PATIENCE,
  )

  test(
    'what a cluster cannot keep is refused with a sentence, and nothing is made',
    async () => {
      const bound = await on('--backend', 'kubernetes', '--detach')
      expect(bound.stderr).toContain('kubernetes cannot mount your folder')
      expect(bound.stderr).toContain('--workspace clone')
      const mounted = await on('--backend', 'kubernetes', '--workspace', 'none', '--mount', '/etc/hosts', '--detach')
      expect(mounted.stderr).toContain('cannot mount /etc/hosts')
      const open = await on('--backend', 'kubernetes', '--workspace', 'none', '--network', 'open', '--detach')
      expect(open.stderr).toContain('kubernetes cannot run a session with an open network')
      const pids = await on('--backend', 'kubernetes', '--workspace', 'none', '--pids', '100', '--detach')
      expect(pids.stderr).toContain('kubernetes cannot limit the number of processes')
      expect(left()).toBe('')
    },
    PATIENCE,
  )

  test('the scenarios of all backends hold', async () => {
    const all = 'job,pod,deployment,service,secret,configmap,networkpolicy,persistentvolumeclaim'
    const get = ['kubectl', `--kubeconfig=${kubeconfig}`, '--namespace', namespace, 'get', all, '--output=name']
    const session = ['--agent', 'shell', '--workspace', 'clone', '--network', 'restricted']
    await conforms({ backend: 'kubernetes', session, env, ...shell, left: (id) => listed(id, [get]) })
  }, 600_000)
})
