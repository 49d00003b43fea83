import { expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'

const source = join(import.meta.dir, '../src')

/** Which room may import which at run time; `import type` is free. A room is a folder, or a file at the top. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  'main.ts': ['cli', 'host.ts'],
  'errors.ts': [],
  'secret.ts': [],
  'reference.ts': ['errors.ts', 'secret.ts'],
  'host.ts': [],
  plan: ['secret.ts'],
  network: ['errors.ts'],
  // The default version of the agent stands beside its image. Values are read as where they are used: keys by hold, names by run,
  // the provider's address by agents.
  config: ['agents', 'errors.ts', 'hold', 'image', 'network', 'notify', 'plan', 'run', 'workspace'],
  devcontainer: ['config', 'errors.ts', 'host.ts', 'image', 'run', 'session', 'workspace'],
  notify: ['errors.ts', 'host.ts', 'reference.ts', 'run', 'secret.ts'],
  agents: ['errors.ts', 'plan', 'secret.ts'],
  image: ['errors.ts', 'host.ts', 'plan', 'run'],
  workspace: ['errors.ts', 'host.ts', 'network'],
  run: ['errors.ts', 'host.ts', 'plan', 'workspace'],
  events: ['run'],
  // What a hardening is stands where it is read.
  backends: ['errors.ts', 'events', 'host.ts', 'image', 'network', 'plan', 'run', 'session'],
  session: ['config', 'errors.ts', 'image', 'network', 'plan', 'reference.ts', 'run', 'secret.ts', 'workspace'],
  hold: ['errors.ts', 'events', 'host.ts', 'plan', 'run'],
  selftest: ['errors.ts', 'agents', 'backends', 'events', 'image', 'network', 'plan', 'run', 'session', 'workspace'],
  doctor: ['agents', 'backends', 'config', 'errors.ts', 'host.ts', 'image', 'network', 'plan', 'run', 'session', 'workspace'],
  // Finds out what a project is made with; its files are a stranger's.
  init: ['config', 'workspace'],
  demo: ['errors.ts'],
  cli: [
    'agents',
    'backends',
    'config',
    'credentials',
    'demo',
    'devcontainer',
    'doctor',
    'errors.ts',
    'events',
    'hold',
    'host.ts',
    'image',
    'init',
    'network',
    'notify',
    'plan',
    'run',
    'secret.ts',
    'selftest',
    'session',
    'workspace',
  ],
}

/** Pure rooms stay pure: what they may look up of Node. */
const MAY_LOOK: Readonly<Record<string, readonly string[]>> = {
  plan: [],
  agents: [],
  network: ['node:net', 'node:url'],
}

type File = { readonly path: string; readonly room: string; readonly text: string; readonly imports: readonly string[] }

const transpiler = new Bun.Transpiler({ loader: 'ts' })
const files: readonly File[] = [...new Bun.Glob('**/*.ts').scanSync(source)]
  .filter((path) => !path.endsWith('.d.ts'))
  .sort()
  .map((path) => {
    const text = readFileSync(join(source, path), 'utf8')
    // Types vanish in translation, so only what is loaded at run time is left.
    const imports = transpiler.scanImports(text).map(({ path: target }) => target)
    return { path, room: path.split('/')[0] ?? '', text, imports }
  })

const inside = ({ path, imports }: File): readonly string[] =>
  imports
    .filter((target) => target.startsWith('.'))
    .map((target) => relative(source, join(source, dirname(path), target)))
    .filter((target) => !target.startsWith('..'))

test('every room imports only the rooms it may', () => {
  const wrong = files.flatMap((file) =>
    inside(file).flatMap((target) => {
      const room = target.split('/')[0] ?? ''
      return room === file.room || MAY_IMPORT[file.room]?.includes(room)
        ? []
        : [
            `src/${file.path} imports src/${target}: ${file.room} may import ${MAY_IMPORT[file.room]?.join(', ') || 'nothing'}, not ${room}`,
          ]
    }),
  )
  expect(wrong).toEqual([])
})

test('every room has its row in the table', () => {
  expect([...new Set(files.map(({ room }) => room))].filter((room) => !Object.hasOwn(MAY_IMPORT, room))).toEqual([])
})

test('the rooms that only decide look nothing up', () => {
  const wrong = files.flatMap(({ path, room, imports }) =>
    imports
      .filter((target) => target.startsWith('node:') && MAY_LOOK[room]?.includes(target) === false)
      .map((target) => `src/${path} imports ${target}: ${room} only decides`),
  )
  expect(wrong).toEqual([])
})

test('no file imports itself by a detour', () => {
  const graph = new Map(files.map((file) => [file.path, inside(file)]))
  const done = new Set<string>()
  const circle = (path: string, trail: readonly string[]): readonly string[] | null => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path]
    if (done.has(path)) return null
    for (const target of graph.get(path) ?? []) {
      const found = circle(target, [...trail, path])
      if (found !== null) return found
    }
    done.add(path)
    return null
  }
  expect(
    files
      .map(({ path }) => circle(path, []))
      .find((found) => found !== null)
      ?.join(' → ') ?? 'no circle',
  ).toBe('no circle')
})

test('a process starts nowhere but in run/', () => {
  const wrong = files
    .filter(
      ({ room, text, imports }) =>
        room !== 'run' &&
        (/\bBun\s*\.\s*(spawn|spawnSync|\$)|\bBun\.\$/.test(code(text)) ||
          imports.some((target) => /^(node:)?child_process$|^zx$|^execa$/.test(target)) ||
          /import\s*\{[^}]*(\$|spawn)[^}]*\}\s*from\s*'bun'/.test(text)),
    )
    .map(({ path }) => `src/${path} starts a process: only src/run may`)
  expect(wrong).toEqual([])
})

test('no file names git as a program', () => {
  // First of a list of words, looked up in PATH, or in a line of a shell. What git does is said by the project, and a box writes there.
  const program = /((?<![\w)\]])\[|findPrograms?\([^,()]*,)\s*(['"`])([^'"`]*\/)?git\2|['"`]-c['"`],\s*(['"`])[^'"`]*\bgit\s/
  const wrong = files
    .filter(({ text }) => program.test(text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')))
    .map(({ path }) => `src/${path} names git as a program: read the file that says it, as src/workspace does`)
  expect(wrong).toEqual([])
})

test('the environment is read nowhere but in host.ts', () => {
  const wrong = files
    .filter(({ path, text }) => path !== 'host.ts' && /\bprocess\s*\.\s*env\b|\bimport\.meta\.env\b/.test(code(text)))
    .map(({ path }) => `src/${path} reads the environment: take it from Host`)
  expect(wrong).toEqual([])
})

test('the environment that programs inherit is made in one file', () => {
  expect(files.filter(({ text }) => /\bBun\.env\b/.test(code(text))).map(({ path }) => path)).toEqual(['run/environment.ts'])
})

test('nothing ends the process behind the back of main', () => {
  expect(files.filter(({ text }) => /\bprocess\.exit\(/.test(code(text))).map(({ path }) => path)).toEqual([])
})

test('default exports are for command files alone', () => {
  const wrong = files
    .filter(({ path, text }) => !path.startsWith('cli/commands/') && /^export default\b|\bas default\b/m.test(text))
    .map(({ path }) => `src/${path} has a default export`)
  expect(wrong).toEqual([])
})

test('every command file exports one default function', () => {
  const wrong = files
    .filter(({ path, text }) => path.startsWith('cli/commands/') && !/^export default (async )?\(?/m.test(text))
    .map(({ path }) => path)
  expect(wrong).toEqual([])
})

test('no file has a name that says nothing', () => {
  const names = files.map(({ path }) => basename(path, '.ts'))
  expect(names.filter((name) => /^(utils?|helpers?|common|types|index|misc|shared|manager|service)$/.test(name))).toEqual([])
})

test('no file hands on what another one exports', () => {
  expect(files.filter(({ text }) => /^export (\*|\{[^}]*\}) from/m.test(text)).map(({ path }) => path)).toEqual([])
})

/** Without comments and strings, so that words about a thing are not taken for the thing. */
function code(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '').replace(/'(?:[^'\\\n]|\\.)*'/g, "''")
}
