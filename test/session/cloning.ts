import { mkdirSync, mkdtempSync, realpathSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { podman } from '../../src/backends/oci/podman.ts'
import { HARDENED } from '../../src/box/security.ts'
import { FILLED } from '../../src/box/spec.ts'
import type { Context } from '../../src/context.ts'
import { readHost } from '../../src/host.ts'
import { execute } from '../../src/run/execute.ts'
import { capture, connect } from '../../src/run/process.ts'
import { cloneFill } from '../../src/session/clone/fill.ts'
import { branchOf } from '../../src/session/clone/names.ts'
import { storeOf, storePlan } from '../../src/session/clone/store.ts'
import { snapshotFolder, snapshotPlan } from '../../src/session/clone/uncommitted.ts'
import type { Found } from '../../src/session/record/found.ts'
import { handleOf, type SessionRecord } from '../../src/session/record/record.ts'
import { type CloneSource, readCloneSource } from '../../src/workspace/clone-source.ts'
import { readUncommitted } from '../../src/workspace/uncommitted.ts'
import { findWorkspace } from '../../src/workspace/workspace.ts'

/** Runs the real git, as the user or the agent would. */
export async function git(folder: string, ...words: readonly string[]): Promise<string> {
  const who = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.org', '-c', 'init.defaultBranch=main']
  const { code, stdout, stderr } = await capture(['git', '-C', folder, ...who, ...words])
  if (code !== 0) throw new Error(`git ${words.join(' ')}: ${stderr}`)
  return stdout.trim()
}

export function put(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}

export type Cloning = {
  readonly room: string
  readonly project: string
  /** Where the volume of the session would be. */
  readonly box: string
  readonly context: Context
  readonly found: Found
  readonly source: CloneSource
  readonly notes: readonly string[]
  /** Clones the project into the box again, as a start does. */
  readonly fill: (to?: string, isDirty?: boolean, packs?: string) => Promise<void>
}

/** A project with one commit, and a session whose clone lies in a folder of this machine in place of a volume. */
export async function cloning(make: (project: string) => Promise<void> = async () => undefined): Promise<Cloning> {
  const room = realpathSync(mkdtempSync(join(tmpdir(), 'paude-clone-')))
  const [project, box, home] = ['project', 'box', 'home'].map((name) => join(room, name)) as [string, string, string]
  for (const folder of [project, box, home]) mkdirSync(folder)
  await git(project, 'init', '--quiet')
  put(join(project, 'a.txt'), 'one\n')
  put(join(project, 'sub/b.txt'), 'two\n')
  await git(project, 'add', '.')
  await git(project, 'commit', '--quiet', '-m', 'first')
  await make(project)
  const notes: string[] = []
  const host = { ...readHost(), cwd: project, home, env: { PATH: process.env['PATH'], HOME: home } }
  const context = contextFor(host, notes)
  const read = () => readCloneSource(findWorkspace(host, { force: true }))
  const source = read()
  const session = { id: 'paude-bcd234', name: 'fix' }
  const store = storeOf(host, source)
  const record = recordOf({ project, box, base: source.commit, branch: branchOf(session) })
  const backend = {
    ...podman,
    life: {
      ...podman.life,
      state: () => ({ argv: ['false'] as const, parse: () => ({ status: 'exited', exitCode: 0 }) as const }),
    },
    volumes: {
      end: () => ['true'] as const,
      run: (...[, , { script, words }]: Parameters<NonNullable<typeof podman.volumes>['run']>) =>
        ['/bin/sh', '-c', script, 'sh', ...words] as const,
    },
  }
  const handle = handleOf(record, join(room, 'session'))
  const fill = async (to = box, isDirty = false, packs = '') => {
    const workspace = findWorkspace(host, { force: true })
    const uncommitted = isDirty && workspace.git !== null ? readUncommitted(project, workspace.git, host) : null
    const { commit } = source
    mkdirSync(handle.folder, { recursive: true })
    await execute(
      [
        ...storePlan(store, source),
        ...(uncommitted === null ? [] : snapshotPlan(handle, { root: project, store, commit, uncommitted })),
      ],
      context.effects(backend),
    )
    const { from, script, words } = cloneFill(read(), {
      store,
      root: to,
      directory: join(to, 'sub'),
      branch: record.clone?.branch ?? '',
      uncommitted: isDirty ? snapshotFolder(store, session.id) : '',
      packs,
    })
    const mounted = script.replaceAll('/paude/objects', packs === '' ? join(room, 'no-packs') : join(packs, '..'))
    const ends = await connect(from, ['/bin/sh', '-c', mounted, 'sh', ...words])
    if (ends.to.code + ends.from.code !== 0) throw new Error(`${ends.from.stderr}${ends.to.stderr}`)
    put(join(handle.folder, FILLED), ends.to.stdout)
  }
  return {
    room,
    project,
    box,
    context,
    notes,
    fill,
    source,
    found: { backend, record, handle },
  }
}

export const contextFor = (host: Context['host'], notes: string[]): Context => {
  const say = (text: string) => void notes.push(text)
  const moving = { moves: false, show: () => undefined, clear: () => undefined }
  const never = () => {
    throw new Error('not in this test')
  }
  return {
    ...{ host, version: '0', flags: {}, answer: say, note: say, warn: say, prompt: say, moving, choose: never },
    effects: () => ({ note: say, explain: never, attach: never, hold: never, moving, verbose: null }),
  }
}

const recordOf = (of: {
  readonly project: string
  readonly box: string
  readonly base: string
  readonly branch: string
}): SessionRecord => ({
  ...{
    v: 3,
    id: 'paude-bcd234',
    name: 'fix',
    backend: 'podman',
    agent: 'claude',
    version: '0',
    created: '2026-01-02T03:04:05.000Z',
  },
  ...{
    starter: '',
    workspace: of.project,
    directory: of.project,
    network: 'none',
    allow: [],
    deny: [],
    injections: [],
    ports: [],
  },
  ...{
    ways: { upstream: null, dns: [], ip: 'any', bandwidth: 0 },
    revision: '',
    changes: [],
    settled: true,
    terminal: true,
    conversation: '',
    homeVolume: '',
    link: 'none',
    init: '',
  },
  ...{
    mounts: [],
    copies: [],
    standIns: [],
    overlays: [],
    repos: [],
    shadows: [],
    onFinding: 'ask',
    alarm: 'pause',
    writesConfig: false,
    watch: {},
    index: null,
    security: HARDENED,
    credentials: [],
  },
  volume: { name: 'v', root: of.box, image: 'i', uid: 0, gid: 0, selinux: false },
  clone: { base: of.base, branch: of.branch },
})
