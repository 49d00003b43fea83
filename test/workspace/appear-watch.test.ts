import { afterAll, expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { watchGuarded } from '../../src/workspace/appear-watch.ts'
import { takeManifest } from '../../src/workspace/manifest.ts'
import { findWorkspace } from '../../src/workspace/workspace.ts'
import { git, makeSandbox, repository } from './sandbox.ts'

setDefaultTimeout(240_000)
const sandbox = makeSandbox()
const stops: (() => void)[] = []
afterAll(() => {
  for (const stop of stops) stop()
  sandbox.remove()
}, 60_000)
let count = 0

function put(file: string, text = 'x'): string {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
  return file
}

const nothing = () => undefined

/** A project that is watched from a moment on: what was told of, by path, and a wait for more of it. */
function watched(prepare: (root: string) => void = nothing, meanwhile: (root: string) => void = nothing) {
  const root = repository(join(sandbox.path, `watched-${++count}`))
  prepare(root)
  const { walked, gits, named, list } = findWorkspace(sandbox.host(root), { force: false })
  const kept = takeManifest({ roots: [root], gits, named, list }, [walked])
  meanwhile(root)
  const told: string[] = []
  const limits: string[] = []
  const stop = watchGuarded(JSON.parse(JSON.stringify(kept)), {
    found: (findings) => told.push(...findings.map(({ path }) => relative(root, path))),
    limited: (why) => limits.push(why),
    told: new Map(),
    isOurs: (path) => {
      if (path.includes('/unsure/')) throw new RangeError('too much')
      return path.endsWith('/ours/.envrc')
    },
  })
  stops.push(stop)
  /** Waits until a path was told of as often as this. */
  const tells = async (path: string, times = 1): Promise<void> => {
    const deadline = Date.now() + 120_000
    while (told.filter((one) => one === path).length < times) {
      if (Date.now() > deadline) throw new Error(`not told of ${path}: ${told.join(', ')}`)
      await Bun.sleep(10)
    }
  }
  /** All that was told once everything before has been seen, which a last file shows. */
  const all = async (): Promise<readonly string[]> => {
    put(join(root, 'last/.envrc'))
    await tells('last/.envrc')
    return told.filter((path) => !path.startsWith('last'))
  }
  return { root, told, limits, tells, all, stop }
}

const severe: readonly (readonly [name: string, plant: (root: string) => void, path: string])[] = [
  ['a file', (root) => put(join(root, '.envrc')), '.envrc'],
  ['a file in a folder that is new', (root) => put(join(root, 'a/b/c/.envrc')), 'a/b/c/.envrc'],
  ['a folder with what is in it', (root) => put(join(root, '.vscode/tasks.json')), '.vscode'],
  ['a link', (root) => symlinkSync('/etc', join(root, '.husky')), '.husky'],
  [
    'what is moved into place',
    (root) => {
      put(join(root, 'quiet/tool'))
      renameSync(join(root, 'quiet/tool'), join(root, '.exrc'))
    },
    '.exrc',
  ],
  [
    'what comes with a folder that is moved',
    (root) => {
      put(join(sandbox.path, 'elsewhere/x/.idea/run.xml'))
      renameSync(join(sandbox.path, 'elsewhere'), join(root, 'arrived'))
    },
    'arrived/x/.idea',
  ],
  [
    'a link in git data, in place of a log',
    (root) => {
      rmSync(join(root, '.git/logs/HEAD'), { force: true })
      mkdirSync(join(root, '.git/logs'), { recursive: true })
      symlinkSync('/elsewhere', join(root, '.git/logs/HEAD'))
    },
    '.git/logs/HEAD',
  ],
  [
    'a link in a folder of git data that is new',
    (root) => {
      mkdirSync(join(root, '.git/logs/refs/heads/a'), { recursive: true })
      symlinkSync('/elsewhere', join(root, '.git/logs/refs/heads/a/b'))
    },
    '.git/logs/refs/heads/a/b',
  ],
  ['a link in place of a message', (root) => symlinkSync('/elsewhere', join(root, '.git/SQUASH_MSG')), '.git/SQUASH_MSG'],
  ['another name for commondir', (root) => put(join(root, '.git/commondir'), '../evil\n'), '.git/commondir'],
  ['a repository whose configuration names a program', (root) => evil(join(root, 'sub')), 'sub/.git'],
  [
    'a bare repository',
    (root) => {
      git(root, 'init', '--quiet', '--bare', 'store')
      git(join(root, 'store'), 'config', 'core.fsmonitor', 'x')
    },
    'store',
  ],
  ['a pipe, without waiting for it', (root) => void Bun.spawnSync(['mkfifo', join(root, '.nvim.lua')]), '.nvim.lua'],
  [
    'a repository whose configuration is a pipe',
    (root) => {
      git(root, 'init', '--quiet', 'sub')
      rmSync(join(root, 'sub/.git/config'))
      Bun.spawnSync(['mkfifo', join(root, 'sub/.git/config')])
    },
    'sub/.git',
  ],
  ['a name with control characters above it', (root) => put(join(root, 'a\u001b[2J/-x\n/.envrc')), 'a\u001b[2J/-x\n/.envrc'],
  ['a name in other letters', (root) => put(join(root, '.VSCode/tasks.json')), '.VSCode'],
  [
    'a file behind a flood of others',
    (root) => {
      for (let n = 0; n < 6000; n++) put(join(root, `flood/${n % 7}`), `${n}`)
      put(join(root, 'x/.envrc'))
    },
    'x/.envrc',
  ],
  [
    'a folder that took the place of another one',
    (root) => {
      for (let n = 0; n < 50; n++) {
        put(join(root, 'swap/x'))
        renameSync(join(root, 'swap'), join(root, `old-${n}`))
      }
      put(join(root, 'swap/.envrc'))
    },
    'swap/.envrc',
  ],
  [
    'what comes within a harmless repository that is moved',
    (root) => {
      const place = join(sandbox.path, 'harmless')
      git(sandbox.path, 'init', '--quiet', place)
      put(join(place, '.git/info/.envrc'))
      renameSync(place, join(root, 'sub'))
    },
    'sub/.git/info/.envrc',
  ],
  ['a pointer to a repository', (root) => put(join(root, 'sub/.git'), 'gitdir: ../evil\n'), 'sub/.git'],
  [
    'the project as a bare repository',
    (root) => {
      for (const name of ['objects/x', 'refs/x', 'HEAD']) put(join(root, name))
    },
    'HEAD',
  ],
]

function evil(place: string): void {
  git(dirname(place), 'init', '--quiet', place)
  git(place, 'config', 'core.fsmonitor', 'touch PWNED')
}

test.each(severe)('a watch tells of %s', async (_, plant, path) => {
  const { root, tells } = watched()
  plant(root)
  await tells(path)
})

test('a watch tells of what appeared between the look at the start and its own begin', async () => {
  await watched(nothing, (root) => put(join(root, 'a/.envrc'))).tells('a/.envrc')
})

const harmless: readonly (readonly [name: string, prepare: (root: string) => void, deed: (root: string) => void])[] = [
  ['of a repository as git makes it', nothing, (root) => git(root, 'init', '--quiet', 'sub')],
  [
    'of a clone, and of work in it',
    nothing,
    (root) => {
      git(root, 'clone', '--quiet', root, 'copy')
      git(join(root, 'copy'), 'commit', '--quiet', '--allow-empty', '--message=m')
      git(join(root, 'copy'), 'checkout', '--quiet', '-b', 'b')
    },
  ],
  ['of a worktree', nothing, (root) => git(root, 'worktree', 'add', '--quiet', 'tree')],
  ['of work in the repository', nothing, (root) => git(root, 'commit', '--quiet', '--allow-empty', '--message=m')],
  [
    'of what was there, and changes or goes',
    (root) => {
      for (const name of ['.envrc', '.vscode/x', '.git/hooks/pre-commit']) put(join(root, name))
    },
    (root) => {
      for (const name of ['.envrc', '.vscode/x', '.vscode/y', '.git/hooks/pre-commit', '.git/config'])
        put(join(root, name), 'new')
      rmSync(join(root, '.envrc'))
    },
  ],
  ['of what is not severe', nothing, (root) => ['CLAUDE.md', 'Makefile', 'package.json'].map((name) => put(join(root, name)))],
  ['of folders that tools fill', nothing, (root) => put(join(root, 'node_modules/x/.vscode/tasks.json'))],
  ['of what paude puts there', nothing, (root) => put(join(root, 'ours/.envrc'))],
  [
    'of a thousand files and folders',
    nothing,
    (root) => {
      for (let n = 0; n < 1000; n++) put(join(root, `out/${n % 50}/${n}`))
    },
  ],
]

test.each(harmless)('a watch is silent %s', async (_, prepare, deed) => {
  const { root, all } = watched(prepare)
  deed(root)
  expect(await all()).toEqual([])
})

test('a watch is silent of a new repository while git packs it, tags, clones and stashes', async () => {
  const { root, all } = watched()
  const script = `
    export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 EMAIL=ada@example.test
    git init -q sub && cd sub || exit
    for n in $(seq 12); do
      echo $n >f && git add f && git commit -qm m && git tag -am t t$n && git gc -q && git pack-refs --all || exit
      echo more >>f && git stash -q && git stash pop -q && git branch b$n && git clone -q . ../copy$n || exit
    done`
  const { exited } = Bun.spawn(['sh', '-c', script], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] })
  expect([await exited, await all()]).toEqual([0, []])
})

test('a watch is silent of what you add to a guarded folder that was there, also before it begins', async () => {
  const add = (root: string) => put(join(root, '.vscode/new/y'))
  const { root, all } = watched((top) => put(join(top, '.vscode/x')), add)
  put(join(root, '.vscode/z'))
  expect(await all()).toEqual([])
})

test('a watch tells once of what stays as it is, and again of each change', async () => {
  const { root, tells, all } = watched()
  put(join(root, '.vscode/tasks.json'), 'one')
  await tells('.vscode')
  put(join(root, 'src/x'))
  expect(await all()).toEqual(['.vscode'])
  put(join(root, '.vscode/tasks.json'), 'two')
  await tells('.vscode', 2)
  put(join(root, '.vscode/a/b/more.json'))
  await tells('.vscode', 3)
  put(join(root, '.vscode/a/b/more.json'), 'other')
  await tells('.vscode', 4)
  rmSync(join(root, '.vscode'), { recursive: true })
  put(join(root, '.vscode/tasks.json'), 'one')
  await tells('.vscode', 5)
})

test('a watch tells of a harmless repository and a harmless worktree that become something else', async () => {
  const { root, tells, all } = watched()
  git(root, 'init', '--quiet', 'sub')
  git(root, 'worktree', 'add', '--quiet', 'tree')
  expect(await all()).toEqual([])
  put(join(root, 'sub/.git/info/.envrc'))
  await tells('sub/.git/info/.envrc')
  put(join(root, 'sub/.git/hooks/post-index-change'))
  await tells('sub/.git')
  git(join(root, 'sub'), 'config', 'core.fsmonitor', 'x')
  await tells('sub/.git', 2)
  put(join(root, '.git/worktrees/tree/commondir'), '../../../evil\n')
  await tells('tree/.git')
})

test('a watch follows a folder that is moved, and one that takes its place', async () => {
  const { root, tells, all } = watched((top) => put(join(top, 'a/b/x')))
  renameSync(join(root, 'a'), join(root, 'moved'))
  put(join(root, 'a/b/x'))
  expect(await all()).toEqual([])
  put(join(root, 'moved/b/.envrc'))
  await tells('moved/b/.envrc')
  put(join(root, 'a/b/.envrc'))
  await tells('a/b/.envrc')
})

test('a watch of a project with too many folders says so once, and watches the nearest', async () => {
  const { root, limits, tells } = watched((top) => {
    for (let n = 0; n < 2100; n++) mkdirSync(join(top, `deep/${n}`), { recursive: true })
  })
  put(join(root, 'deep/.envrc'))
  await tells('deep/.envrc')
  while (limits.length === 0) await Bun.sleep(10)
  expect(limits).toEqual([expect.stringContaining('only 2000 folders')])
  put(join(root, 'deep/more/x'))
  put(join(root, 'deep/.exrc'))
  await tells('deep/.exrc')
  expect(limits.length).toBe(1)
})

/** Names that are no UTF-8 have no other way. */
const mkdirRaw = (path: string): void => mkdirSync(Buffer.from(path.replace('?', '\xff'), 'latin1'))

test('a watch tells of a folder whose name is no UTF-8, wherever it comes from, and of no such file', async () => {
  const { root, tells, all } = watched((top) => mkdirRaw(`${top}/was?`))
  writeFileSync(Buffer.from(`${root}/file\xff`, 'latin1'), 'x')
  expect(await all()).toEqual([])
  mkdirRaw(`${root}/new?`)
  await tells('new\ufffd')
  mkdirSync(join(sandbox.path, 'odd'))
  mkdirRaw(join(sandbox.path, 'odd/inner?'))
  renameSync(join(sandbox.path, 'odd'), join(root, 'moved'))
  await tells('moved/inner\ufffd')
})

test('a watch tells of what it cannot judge, once, and of the rest', async () => {
  const { root, tells, all } = watched()
  put(join(root, 'unsure/.envrc'))
  put(join(root, '.envrc'))
  await tells('unsure/.envrc')
  await tells('.envrc')
  put(join(root, 'unsure/.envrc'), 'new')
  expect(await all()).toEqual(expect.arrayContaining(['unsure/.envrc', '.envrc']))
  expect((await all()).length).toBe(2)
})

test('a watch tells of more new repositories than it looks into, and still of a file', async () => {
  const { root, told, tells } = watched()
  const many = join(sandbox.path, 'many')
  for (let n = 0; n < 510; n++)
    for (const name of ['HEAD', 'refs', 'objects']) mkdirSync(join(many, `${n}/${name}`), { recursive: true })
  renameSync(many, join(root, 'many'))
  while (told.length === 0) await Bun.sleep(10)
  expect(told.map(dirname)).toEqual(['many'])
  put(join(root, '.envrc'))
  await tells('.envrc')
})

test('a watch that has ended tells nothing', async () => {
  const { root, told, stop } = watched()
  stop()
  put(join(root, '.envrc'))
  const { all } = watched()
  await all()
  expect([told, existsSync(join(root, '.envrc'))]).toEqual([[], true])
})
