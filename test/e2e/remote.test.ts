import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { conforms, listed, shell } from './conformance.ts'
import {
  backends,
  binary,
  describeEach,
  expectGone,
  home,
  makeProject,
  paude,
  poll,
  put,
  type RunOptions,
  root,
  runGit,
} from './support.ts'
import { makeTerminals } from './terminal.ts'

const sshd = Bun.which('sshd', { PATH: '/usr/sbin:/usr/local/sbin:/usr/bin' }) ?? ''
const folder = join(root, 'remote')
const bin = join(folder, 'bin')
const journal = join(folder, 'journal')
const HOST = 'ssh://build.example.org'
/** What ssh would have brought here from a machine with podman: its client dials ssh by itself, and knows no ProxyCommand. */
const socket = join(folder, 'podman.sock')

/** Folder with the socket that leads to docker's over there. */
const WAY = `${tmpdir()}/paude-way-`
const BY_ONE = new RegExp(`^--host=(${HOST}|unix://${WAY}\\w+/s)$`)

/** Another machine as far as docker's client is concerned: a real sshd, which each connection starts for itself. Nothing listens. */
function makeRemote(): boolean {
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true })
  for (const name of ['host', 'user'])
    Bun.spawnSync(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', join(folder, name)], { stdin: 'ignore' })
  put(join(folder, 'authorized'), readFileSync(join(folder, 'user.pub'), 'utf8'))
  const server = [
    'UsePAM no',
    'StrictModes no',
    `HostKey ${folder}/host`,
    `AuthorizedKeysFile ${folder}/authorized`,
    'PidFile none',
  ]
  put(join(folder, 'sshd_config'), `${[...server, 'PermitRootLogin yes', 'LogLevel ERROR'].join('\n')}\n`)
  const client = [
    `User ${Bun.spawnSync(['id', '-un']).stdout.toString().trim()}`,
    `IdentityFile ${folder}/user`,
    `UserKnownHostsFile ${folder}/known`,
    'StrictHostKeyChecking no',
    'BatchMode yes',
    'LogLevel ERROR',
    `ProxyCommand ${sshd} -i -f ${folder}/sshd_config`,
  ]
  put(join(folder, 'ssh_config'), `Host *\n${client.map((line) => `  ${line}\n`).join('')}`)
  script('ssh', `exec ${Bun.which('ssh')} -F ${folder}/ssh_config "$@"`)
  record('docker')
  // An account may be locked, which is no fault of paude's.
  const { exitCode, stderr } = Bun.spawnSync([join(bin, 'ssh'), 'build.example.org', 'docker', 'version'], { stdin: 'ignore' })
  if (exitCode !== 0) process.stderr.write(`no other machine to test with: ${stderr.toString()}`)
  return exitCode === 0
}

/** What is asked of the engine, each call a record. */
const record = (engine: string) =>
  script(engine, `{ printf '%s\\0' "$@"; printf '\\036\\0'; } >>${journal}\nexec ${Bun.which(engine)} "$@"`)

function script(name: string, text: string): void {
  put(join(bin, name), `#!/bin/sh\n${text}\n`)
  chmodSync(join(bin, name), 0o755)
}

const calls = (): readonly (readonly string[])[] =>
  readFileSync(journal, 'utf8')
    .split('\u001e\0')
    .filter(Boolean)
    .map((call) => call.split('\0').slice(0, -1))

// What runs there takes the usual engine, whatever this process is told.
const isThere = {
  docker: backends().includes('docker') && !process.env['DOCKER_HOST'] && sshd !== '' && Bun.which('ssh') !== null,
  podman: backends().includes('podman') && !process.env['CONTAINER_HOST'],
}
mkdirSync(bin, { recursive: true })
const machines = { docker: isThere.docker && makeRemote(), podman: isThere.podman }
const isListening = () => existsSync(socket)

describe.skipIf(!machines.docker && !machines.podman)('another machine', () => {
  describeEach('its engine', (backend) => {
    if (!machines[backend]) return
    const named = `${backend}@build`
    const at = backend === 'docker' ? HOST : `unix://${socket}`
    const flag = backend === 'docker' ? `--host=${at}` : `--url=${at}`
    const terminals = makeTerminals()
    const env = { PATH: `${bin}:${process.env['PATH']}`, SAID: 's3cret-of-the-user' }
    const cwd = makeProject()
    const run = (words: readonly string[], more: RunOptions = {}) => paude(words, { cwd, env, ...more })
    let service: Bun.Subprocess | null = null

    beforeAll(async () => {
      put(join(home, '.config/paude/config.toml'), `[remotes.build]\nengine = "${backend}"\nhost = "${at}"\n`)
      writeFileSync(journal, '')
      if (backend !== 'podman') return
      // Left alone it ends by itself.
      service = Bun.spawn(['podman', 'system', 'service', '--time=900', at], {
        stdio: ['ignore', 'ignore', 'ignore'],
        // Of another machine: what it keeps for five minutes of each exec is none of ours.
        env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', HOME: homedir() },
      })
      record('podman')
      await poll('the socket of podman', async () => isListening())
    })
    afterAll(async () => {
      await terminals.stop()
      writeFileSync(join(home, '.config/paude/config.toml'), '')
      service?.kill()
      await service?.exited
    })

    test('runs a session of this machine, with nothing of it but what is sent, and leaves nothing', async () => {
      const one = await run(
        [`--backend=${named}`, 'run', '--workspace=none', '--', 'sh', '-c', 'cat; id -u; touch made; exit 7'],
        {
          stdin: 'from outside\n',
        },
      )
      expect([one.code, one.stdout, one.stderr]).toEqual([7, 'from outside\n1000\n', ''])
      await expectGone(backend)

      const words = [`--backend=${named}`, '--detach', '--session-name=far', '--agent=shell', '--env=SAID']
      const started = await run(words)
      expect([started.code, started.stderr]).toEqual([0, ''])
      const id = started.stdout.trim()
      const listed = JSON.parse((await run(['sessions', '--json'])).stdout) as readonly Record<string, unknown>[]
      expect(listed.filter((row) => row['id'] === id)).toMatchObject([
        { status: 'running', workspaceMode: 'clone', remote: { name: 'build', at }, mounts: [] },
      ])
      // The wall: the box has loopback alone, and its proxy keeps to the allowlist, and hears of changes.
      expect((await run(['exec', 'far', '--', 'sh', '-c', 'ls /sys/class/net'])).stdout).toBe('lo\n')
      const ask = String.raw`exec 3<>/dev/tcp/127.0.0.1/3128; printf 'GET http://example.org/ HTTP/1.1\r\nHost: example.org\r\nConnection: close\r\n\r\n' >&3; timeout 30 cat <&3`
      await run(['exec', 'far', '--', 'bash', '-c', ask])
      const decision = await poll('a line of the log', async () => {
        const [line] = (await run(['network', 'log', 'far', '--json'])).stdout.split('\n').filter(Boolean)
        return line !== undefined && (JSON.parse(line) as { readonly decision: string }).decision
      })
      expect(decision).toBe('blocked')
      // The proxy itself takes up what a helper has laid out for it, or this fails.
      expect((await run(['network', 'allow', 'example.org', '--session=far'])).code).toBe(0)

      const window = await terminals.open({ cwd, env })
      await window.start(`${binary} attach far`)
      await window.see('agent@paude')
      await window.enter('echo made >made.txt; git add .; git commit -qm work; echo $((40 + 2)) done')
      await window.see('42 done')
      if (backend === 'docker') {
        // What the holder does there goes over one connection, and by others when that is cut.
        expect(Bun.spawnSync(['pkill', '--full', `${folder}/ssh_config .*${WAY}`]).exitCode).toBe(0)
        // What is typed until the terminal is joined again is lost.
        await poll('the terminal by another connection', async () => {
          await window.press('echo $((40 + 3)) again', 'Enter')
          return (await window.screen()).includes('43 again')
        })
      }
      expect(await window.detach()).toBe(0)
      await window.close()

      expect((await run(['pull', 'far'])).stdout).toBe('paude/far  new, 1 commit\n')
      expect(runGit(cwd, ['show', 'paude/far:made.txt'])).toBe('made')
      expect((await run(['log', 'far'])).stdout).toContain('    work\n')
      runGit(cwd, ['commit', '--quiet', '--allow-empty', '-m', 'here'])
      expect((await run(['push', 'far'])).stdout).toMatch(/^host\/\S+ +[0-9a-f]+\n$/)

      expect((await run(['rm', '--force', '--volumes', 'far'])).code).toBe(0)
      await expectGone(backend)

      // All of it went there, and of this machine no file but the filter that the client itself sends.
      // A list of sessions asks the engine of this machine, too.
      const there = calls().filter(([first]) => first !== 'ps')
      for (const call of there) expect(call[0]).toMatch(backend === 'docker' ? BY_ONE : flag)
      if (backend === 'docker') {
        const made = there.filter(([, verb]) => verb === 'create' || verb === 'start').map(([first]) => first)
        expect(made.length).toBeGreaterThan(2)
        for (const first of made) expect(first).toStartWith('--host=unix:')
        const ways = () => Bun.spawnSync(['pgrep', '--full', `${folder}/ssh_config .*${WAY}`]).stdout.toString()
        await poll('the end of the shared connections', async () => ways() === '')
      }
      const every = there.flat()
      expect(every.join('\n')).not.toContain('s3cret-of-the-user')
      const sources = every.flatMap((word) => /^--mount=type=bind,"?src=([^,"]+)/.exec(word)?.[1] ?? [])
      expect(sources.length).toBeGreaterThan(0)
      for (const source of sources) expect(source).toMatch(/\/volumes\/paude-[a-z0-9]{6}-files\/_data\//)
    }, 240_000)

    test('plays the scenarios of all backends', async () => {
      const names = [
        [backend, 'ps', '--all', '--format={{.Names}}'],
        [backend, 'volume', 'ls', '--format={{.Name}}'],
      ]
      const session = ['--agent', 'shell', '--network', 'restricted']
      const left = (id: string) => listed(id, names)
      await conforms({ backend: named, listedAs: backend, session, env, ...shell, left })
    }, 600_000)
  })
})
