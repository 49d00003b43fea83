import { afterAll, beforeEach, expect, test } from 'bun:test'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ownerMark } from '../../src/session/record/home-owner.ts'
import { program } from '../support/program.ts'

/** What paude makes of the answers of a cluster about its own sessions. The client is a script that answers from two files. */
const room = realpathSync(mkdtempSync(join(tmpdir(), 'paude-cluster-')))
const id = 'paude-bcd234'
const folder = join(room, 'state/paude/sessions', id)
const OLD = '2026-01-01T00:00:00Z'

const CLIENT = `#!/bin/sh
echo "$*" >>"$HOME/calls"
case "$*" in
  *'jsonpath=('*) echo '()' ;;
  *--output=jsonpath=*) cat "$HOME/remains" ;;
  *--output=json*) cat "$HOME/items" ;;
  *' patch deployment '*) exit 1 ;;
esac
`

const record = {
  v: 3,
  ...{ id, name: 'far', backend: 'kubernetes', agent: 'claude', version: '0', created: OLD, starter: '' },
  ...{ workspace: '/x', directory: '/x', network: 'restricted', allow: [], injections: [], terminal: true },
  ...{ homeVolume: '', link: 'service', cluster: { context: 'one', namespace: 'team' }, credentials: [] },
  volume: { name: `${id}-workspace`, root: '/x', image: 'localhost/x', uid: 1000, gid: 1000, selinux: false },
}

const claim = {
  kind: 'PersistentVolumeClaim',
  metadata: {
    name: `${id}-workspace`,
    labels: { 'paude.id': id, 'paude.role': 'workspace' },
    annotations: { 'paude.name': 'far', 'paude.workspace': '/x', 'paude.network': 'restricted', 'paude.created': OLD },
  },
}

beforeEach(() => {
  rmSync(room, { recursive: true })
  for (const path of ['project', '.kube', folder]) mkdirSync(path.startsWith('/') ? path : join(room, path), { recursive: true })
  // Engines of this machine have sessions of others: these have none.
  for (const engine of ['docker', 'podman']) writeFileSync(join(room, engine), '#!/bin/sh\n', { mode: 0o755 })
  writeFileSync(join(room, 'kubectl'), CLIENT, { mode: 0o755 })
  writeFileSync(join(room, '.kube/config'), '')
  writeFileSync(join(folder, 'session.json'), JSON.stringify(record))
  writeFileSync(join(folder, 'agent.json'), '{}')
  answers({ remains: [['PersistentVolumeClaim', id, '', 'workspace', OLD, '']], items: [claim] })
})
afterAll(() => rmSync(room, { recursive: true }))

function answers({ remains, items }: { readonly remains: readonly (readonly string[])[]; readonly items: readonly unknown[] }) {
  writeFileSync(join(room, 'remains'), remains.map((row) => `${row.join('\t')}\n`).join(''))
  writeFileSync(join(room, 'items'), JSON.stringify({ items }))
  writeFileSync(join(room, 'calls'), '')
}

function paude(...words: readonly string[]) {
  const env = { PATH: `${room}:/usr/bin:/bin`, HOME: room, XDG_STATE_HOME: join(room, 'state'), TERM: 'dumb' }
  const { stdout, stderr, exitCode } = Bun.spawnSync([...program, ...words], { env, cwd: join(room, 'project') })
  return { stdout: stdout.toString(), stderr: stderr.toString(), code: exitCode }
}
const deleted = () =>
  readFileSync(join(room, 'calls'), 'utf8')
    .split('\n')
    .filter((line) => line.includes(' delete '))

test('a session whose start was interrupted before its Job was made is no orphan: its workspace stays', () => {
  expect(paude('rm', '--orphans', '--force').stderr).toContain('no orphans')
  expect(deleted()).toEqual([])
})

test('what is left of a session of ours that cannot start again goes only with --force, whatever its workspace was made of', () => {
  rmSync(join(folder, 'agent.json'))
  expect(paude('rm', '--orphans').stderr).toContain('left in place')
  expect(deleted()).toEqual([])
  expect(paude('rm', '--orphans', '--force').stderr).toContain('removed 2 orphaned parts')
  expect(deleted().length).toBe(2)
  // The record says that it is ours: an older paude marked less.
  expect(deleted().join()).not.toContain('paude.owner')
})

test('of what its mark alone says to be ours, nothing goes but what bears it', () => {
  rmSync(folder, { recursive: true })
  writeFileSync(join(room, 'state/paude/home-owner'), `${'0'.repeat(32)}\n`)
  const mark = ownerMark({ env: { XDG_STATE_HOME: join(room, 'state') }, home: room })
  mkdirSync(join(room, '.config/paude'), { recursive: true })
  writeFileSync(join(room, '.config/paude/config.toml'), 'backend = "kubernetes"\n[kubernetes]\ncontext = "one"\n')
  answers({ remains: [['Deployment', id, mark, 'proxy', OLD, '']], items: [] })
  expect(paude('rm', '--orphans').stderr).toContain('removed 1 orphaned part')
  expect(deleted().map((line) => line.includes(`,paude.owner=${mark} `))).toEqual([true, true])
})

test('the folder of a session that its cluster does not know goes only with --force: another cluster may have it', () => {
  answers({ remains: [], items: [] })
  expect(paude('rm', '--orphans').stderr).toContain(`left in place, since it may hold work of a clone: ${folder}`)
})

test('it is listed as one that does not run, is stopped without a fault, and is removed with all it has', () => {
  const [row] = JSON.parse(paude('sessions', '--json').stdout) as readonly unknown[]
  expect(row).toMatchObject({ id, name: 'far', agent: 'claude', workspace: '/x', status: 'exited' })
  expect(paude('stop', id).code).toBe(0)
  expect(deleted().join('\n')).toContain(`delete secret ${id}-credential`)
  const { code, stderr } = paude('rm', id)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
})

test('while its cluster does not answer nothing is said of it but that', () => {
  const refused = 'The connection to the server 192.0.2.1:6443 was refused - did you specify the right host or port?'
  writeFileSync(join(room, 'kubectl'), `#!/bin/sh\necho "${refused}" >&2\nexit 1\n`, { mode: 0o755 })
  // An engine that fails for another reason is none that could not be asked.
  writeFileSync(join(room, 'docker'), '#!/bin/sh\nexit 1\n', { mode: 0o755 })
  const silent = 'the cluster does not answer at 192.0.2.1:6443'
  const orphans = paude('rm', '--orphans', '--force')
  expect(orphans.stderr).toBe(`paude: warning: ${silent}: paude cannot tell what is left there\n`)
  for (const words of [
    ['rm', '--force', id],
    ['exec', id, '--', 'true'],
    ['start', id],
  ]) {
    const { stderr, code } = paude(...words)
    expect(stderr).toContain(`paude: ${silent}\n`)
    expect(stderr).not.toContain('--discard')
    expect(code).not.toBe(0)
  }
  expect(paude('sessions').stderr).toContain(silent)
  expect(readFileSync(join(folder, 'session.json'), 'utf8')).toBe(JSON.stringify(record))
})

test('of two clusters the one that does not answer hides no session of the other', () => {
  const far = join(room, 'state/paude/sessions/paude-fgh567')
  mkdirSync(far)
  const cluster = { context: 'two', namespace: 'team' }
  writeFileSync(join(far, 'session.json'), JSON.stringify({ ...record, id: 'paude-fgh567', name: 'further', cluster }))
  const refused = 'The connection to the server 192.0.2.1:6443 was refused - did you specify the right host or port?'
  const dead = `case "$*" in *--context=two*) echo "${refused}" >&2; exit 1 ;; esac\n`
  writeFileSync(join(room, 'kubectl'), CLIENT.replace('\n', `\n${dead}`), { mode: 0o755 })
  const { stdout, stderr, code } = paude('sessions', '--json')
  expect((JSON.parse(stdout) as readonly { readonly name: string }[]).map(({ name }) => name)).toEqual(['far'])
  expect(stderr).toContain('the cluster does not answer at 192.0.2.1:6443: paude cannot show its sessions')
  expect(code).toBe(0)
})

test('one of which nothing is left is not said to have ended', () => {
  answers({ remains: [], items: [] })
  expect(paude('sessions', '--json').stdout.trim()).toBe('[]')
  expect(paude('start', id).stderr).toContain('does not exist on its cluster')
})

test('a start says in the record who makes the missing parts, before it takes any away', () => {
  expect(paude('start', id).code).not.toBe(0)
  const { starter } = JSON.parse(readFileSync(join(folder, 'session.json'), 'utf8')) as { readonly starter: string }
  expect(starter).not.toBe('')
  expect(deleted().join('\n')).not.toContain(` delete job ${id}`)
})

test('a session whose cluster is gone for good is removed here alone, and what may be left there is said', () => {
  // It answers.
  const answered = paude('rm', '--local', 'far')
  expect(answered).toMatchObject({ code: 1, stdout: '' })
  expect(answered.stderr).toContain('kubernetes answers, so session paude-bcd234 can be removed wholly')
  for (const words of [
    'error: context "one" does not exist',
    'Unable to connect to the server: dial tcp: lookup gone.example.org: no such host',
  ]) {
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'session.json'), JSON.stringify(record))
    writeFileSync(join(room, 'kubectl'), `#!/bin/sh\necho "$*" >>"$HOME/calls"\necho '${words}' >&2\nexit 1\n`, { mode: 0o755 })
    // Without the word it stays.
    const refused = paude('rm', '--force', '--discard', 'far')
    expect(refused.code).not.toBe(0)
    expect(refused.stderr).toContain('if it is gone for good: paude rm --local paude-bcd234')
    expect(existsSync(folder)).toBe(true)
    writeFileSync(join(room, 'calls'), '')
    const { code, stdout, stderr } = paude('rm', '--local', 'far')
    expect({ code, stdout }).toEqual({ code: 0, stdout: `${id}\n` })
    expect(stderr).toContain('If the cluster of the context one (namespace team) comes back, the session may still run there')
    expect(stderr).toMatch(/kubectl --context=one --namespace=team delete job,.*paude\.id=paude-bcd234/)
    expect(existsSync(folder)).toBe(false)
    expect(deleted()).toEqual([])
  }
}, 60_000)

test('a session of this machine is not removed here alone', () => {
  const { cluster: _, volume: __, ...rest } = record
  writeFileSync(join(folder, 'session.json'), JSON.stringify({ ...rest, backend: 'docker', link: 'gate' }))
  expect(paude('rm', '--local', 'far').stderr).toContain('is on this machine')
  expect(existsSync(folder)).toBe(true)
  expect(paude('rm', '--local', '--orphans').code).toBe(2)
}, 60_000)

test('HOME goes with the last session that has it where the configuration says so, and stays else', () => {
  const home = 'paude-home-claude-0123456789abcdef'
  const lay = (name: string, its: object = {}) => {
    const place = join(room, 'state/paude/sessions', name)
    mkdirSync(place, { recursive: true })
    writeFileSync(join(place, 'session.json'), JSON.stringify({ ...record, id: name, homeVolume: home, ...its }))
  }
  const removed = (...words: readonly string[]) => {
    lay(id)
    writeFileSync(join(room, 'calls'), '')
    const { code, stderr } = paude('rm', '--discard', ...words, id)
    return { code, said: stderr.includes(`removed the HOME volume ${home}`), gone: deleted().some((line) => line.includes(home)) }
  }
  mkdirSync(join(room, '.config/paude'), { recursive: true })
  answers({ remains: [], items: [{ ...claim, kind: 'Job', metadata: { ...claim.metadata, name: id } }] })
  expect(removed()).toEqual({ code: 0, said: false, gone: false })
  writeFileSync(join(room, '.config/paude/config.toml'), '[kubernetes]\nretention = "delete"\n')
  lay('paude-xyz789', { name: 'other' })
  expect(removed()).toEqual({ code: 0, said: false, gone: false })
  rmSync(join(room, 'state/paude/sessions/paude-xyz789'), { recursive: true })
  lay(id)
  expect(paude('rm', '--dry-run', id).stdout).toContain(home)
  expect(removed()).toEqual({ code: 0, said: true, gone: true })
  // A project does not decide that.
  rmSync(join(room, '.config'), { recursive: true })
  writeFileSync(join(room, 'project/paude.toml'), '[kubernetes]\nretention = "delete"\n')
  expect(removed()).toEqual({ code: 0, said: false, gone: false })
}, 60_000)
