import { expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { literals } from './support/literals.ts'

const source = join(import.meta.dir, '../src')

/**
 * Which room may import which, types included. A room is a folder, or a file at the top. The rows are floors: a room imports only
 * rooms above it in this table, so no arrow runs back.
 */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  'errors.ts': [],
  'host.ts': [],
  'key.ts': [],
  'secret.ts': [],
  'text.ts': [],
  demo: ['errors.ts'],
  network: ['errors.ts', 'text.ts'],
  plan: ['secret.ts'],
  'state.ts': ['errors.ts', 'host.ts'],
  workspace: ['errors.ts', 'host.ts', 'plan', 'text.ts'],
  box: ['errors.ts', 'host.ts', 'network', 'plan', 'secret.ts'],
  credentials: ['errors.ts', 'host.ts', 'key.ts', 'network', 'secret.ts', 'text.ts'],
  image: ['errors.ts', 'host.ts', 'plan', 'text.ts'],
  run: ['credentials', 'errors.ts', 'host.ts', 'plan', 'text.ts', 'workspace'],
  backends: ['box', 'errors.ts', 'host.ts', 'image', 'key.ts', 'network', 'plan', 'run', 'secret.ts', 'text.ts'],
  events: ['run'],
  sinks: ['credentials', 'errors.ts', 'events', 'host.ts', 'network', 'run', 'state.ts', 'text.ts'],
  agents: ['credentials', 'errors.ts', 'events', 'host.ts', 'image', 'plan', 'secret.ts'],
  hold: ['errors.ts', 'events', 'host.ts', 'plan', 'run'],
  config: [
    'agents',
    'backends',
    'box',
    'credentials',
    'errors.ts',
    'hold',
    'host.ts',
    'image',
    'key.ts',
    'network',
    'plan',
    'run',
    'sinks',
    'state.ts',
    'text.ts',
    'workspace',
  ],
  'context.ts': ['backends', 'config', 'host.ts', 'run'],
  project: [
    'backends',
    'box',
    'config',
    'context.ts',
    'credentials',
    'errors.ts',
    'host.ts',
    'image',
    'run',
    'sinks',
    'state.ts',
    'text.ts',
    'workspace',
  ],
  imports: ['agents', 'config', 'credentials', 'host.ts', 'plan', 'state.ts', 'text.ts', 'workspace'],
  login: [
    'agents',
    'config',
    'credentials',
    'errors.ts',
    'host.ts',
    'network',
    'plan',
    'run',
    'secret.ts',
    'state.ts',
    'text.ts',
  ],
  session: [
    'agents',
    'backends',
    'box',
    'config',
    'context.ts',
    'credentials',
    'errors.ts',
    'events',
    'hold',
    'host.ts',
    'image',
    'imports',
    'login',
    'network',
    'plan',
    'project',
    'run',
    'secret.ts',
    'sinks',
    'state.ts',
    'text.ts',
    'workspace',
  ],
  doctor: [
    'agents',
    'backends',
    'box',
    'config',
    'credentials',
    'errors.ts',
    'host.ts',
    'image',
    'login',
    'network',
    'plan',
    'run',
    'session',
    'state.ts',
  ],
  selftest: ['agents', 'backends', 'box', 'config', 'credentials', 'errors.ts', 'host.ts', 'network', 'plan', 'run', 'session'],
  cli: [
    'agents',
    'backends',
    'box',
    'config',
    'context.ts',
    'credentials',
    'demo',
    'doctor',
    'errors.ts',
    'events',
    'hold',
    'host.ts',
    'image',
    'imports',
    'login',
    'network',
    'plan',
    'project',
    'run',
    'secret.ts',
    'selftest',
    'session',
    'sinks',
    'state.ts',
    'text.ts',
    'workspace',
  ],
  'main.ts': ['cli', 'host.ts'],
}

/** Pure rooms stay pure: what they may look up of Node. */
const MAY_LOOK: Readonly<Record<string, readonly string[]>> = {
  plan: [],
  agents: ['node:path'],
  network: ['node:net', 'node:url'],
}

type File = { readonly path: string; readonly room: string; readonly text: string; readonly imports: readonly string[] }

/** What a file imports, as a type or at run time, at once or late. */
const IMPORT = /(?:\bfrom\s+|\bimport\s*\(\s*|^import\s+)'([^']+)'/gm

const files: readonly File[] = [...new Bun.Glob('**/*.ts').scanSync(source)]
  .filter((path) => !path.endsWith('.d.ts'))
  .sort()
  .map((path) => {
    const text = readFileSync(join(source, path), 'utf8')
    const imports = [...text.replace(/\/\*[\s\S]*?\*\//g, '').matchAll(IMPORT)].map(([, target = '']) => target)
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

test('no room imports one below it in the table', () => {
  const floors = Object.keys(MAY_IMPORT)
  const wrong = Object.entries(MAY_IMPORT).flatMap(([room, targets]) =>
    targets.filter((target) => floors.indexOf(target) >= floors.indexOf(room)).map((target) => `${room} imports ${target}`),
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

/** The file that may: git under a configuration of paude's own, in a repository of its own. */
const STARTS_GIT = 'workspace/sterile-git.ts'

test('one file alone names git as a program', () => {
  // First of a list of words, looked up in PATH, or in a line of a shell. What git does is said by the project, and a box writes there.
  const program = /((?<![\w)\]])\[|findPrograms?\([^,()]*,)\s*(['"`])([^'"`]*\/)?git\2|['"`]-c['"`],\s*(['"`])[^'"`]*\bgit\s/
  const wrong = files
    .filter(({ path, text }) => path !== STARTS_GIT && program.test(text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')))
    .map(({ path }) => `src/${path} names git as a program: read the file that says it, as src/workspace does`)
  expect(wrong).toEqual([])
  // Of what is exported there, every way to run it clears the environment first.
  const text = files.find(({ path }) => path === STARTS_GIT)?.text ?? ''
  expect([...text.matchAll(/=> \[\n\s*'([^']*)',\n\s*'([^']*)'/g)].map(([, program, word]) => [program, word])).toEqual([
    ['env', '-i'],
  ])
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

/** Modules that the table of verbs loads. */
const verbModules = new Set(
  inside(files.find(({ path }) => path === 'cli/verbs.ts') ?? fail()).filter((path) => verbModule(path)),
)

test('default exports are for the modules of verbs alone', () => {
  const wrong = files
    .filter(({ path, text }) => !verbModules.has(path) && /^export default\b|\bas default\b/m.test(text))
    .map(({ path }) => `src/${path} has a default export`)
  expect(wrong).toEqual([])
})

test('every module of a verb exports its definition', () => {
  const wrong = files
    .filter(({ path, text }) => verbModules.has(path) && !/^export default (verb|topic)\(\{/m.test(text))
    .map(({ path }) => path)
  expect(verbModules.size).toBeGreaterThan(30)
  expect(wrong).toEqual([])
})

test('the table of verbs knows names alone, and loads a module when it is used', () => {
  const table = files.find(({ path }) => path === 'cli/verbs.ts') ?? fail()
  expect(inside(table).filter((path) => !verbModules.has(path))).toEqual(['cli/verb.ts'])
  expect([...table.text.matchAll(/\bfrom '([^']+)'/g)].map(([, target]) => target)).toEqual(['./verb.ts'])
})

test('only the table of verbs names a module of a verb', () => {
  const wrong = files.flatMap((file) =>
    file.path === 'cli/verbs.ts'
      ? []
      : inside(file).flatMap((target) => (verbModules.has(target) ? [`${file.path} imports ${target}`] : [])),
  )
  expect(wrong).toEqual([])
})

test('a backend is known to its own folder and the registry', () => {
  const wrong = files.flatMap((file) =>
    inside(file).flatMap((target) => {
      const folder = /^backends\/[^/]+\//.exec(target)?.[0] ?? null
      const may = folder === null || file.path.startsWith(folder) || /^backends\/(registry|keys)\.ts$/.test(file.path)
      return may ? [] : [`src/${file.path} imports src/${target}`]
    }),
  )
  expect(wrong).toEqual([])
})

/** Files outside backends/ that may name an engine, and why. */
const MAY_NAME: Readonly<Record<string, string>> = {
  'credentials/kinds.ts': 'a kind of credential, after the protocol that registries of images speak',
  'network/group-hosts.ts': 'hosts of a registry on the internet',
  'project/devcontainer/features.ts': 'features that others publish under these names',
  'run/client-variables.ts': 'families of variables that any client of an engine obeys, whichever runs the box',
  'workspace/places.ts': 'places of this machine that no mount may show, whichever backend runs the box',
}

test('no file outside of backends/ names one', () => {
  // The words for their own files and registry are everybody's: Dockerfile, docker.io/….
  const name = /(?<![a-z])(docker|podman)(?![a-z]|\.io\/)/i
  const wrong = files.flatMap(({ path, room, text }) =>
    room === 'backends' || path in MAY_NAME
      ? []
      : literals(text)
          .filter((literal) => name.test(literal))
          .map((literal) => `src/${path} names a backend: ${literal}`),
  )
  expect(wrong).toEqual([])
  expect(Object.keys(MAY_NAME).filter((path) => files.every((file) => file.path !== path))).toEqual([])
})

test('an agent is known to its own folder and the registries', () => {
  const wrong = files.flatMap((file) =>
    inside(file).flatMap((target) => {
      const folder = /^agents\/[^/]+\//.exec(target)?.[0] ?? null
      const may = folder === null || file.path.startsWith(folder) || /^agents\/(registry|grammars|installs)\.ts$/.test(file.path)
      return may ? [] : [`src/${file.path} imports src/${target}`]
    }),
  )
  expect(wrong).toEqual([])
})

/** What a provider or an agent is told by: its variables, and how its secrets begin. */
const PROVIDERS_OWN = /ANTHROPIC_|CLAUDE_CODE_|sk-ant|OPENAI_|CODEX_API|sk-proj|GEMINI_|GOOGLE_API/

test("a provider's variables are known to its row and its agent alone", () => {
  const rooms = ['agents/claude', 'agents/codex', 'agents/gemini', 'credentials']
  // Generated from the keys' own sentences; and data about programs of others, which have their own words for it.
  const exceptions = ['config/schema.json', 'agents/recipes.ts']
  const wrong = [...new Bun.Glob('**/*.{ts,sh,json,toml}').scanSync(source)]
    .filter((path) => !rooms.some((room) => path.startsWith(`${room}/`)) && !exceptions.includes(path))
    .filter((path) => PROVIDERS_OWN.test(readFileSync(join(source, path), 'utf8')))
    .map((path) => `src/${path} names what belongs to src/credentials/providers.ts`)
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

/** Whether a file under cli/ is loaded late by the table of verbs. */
function verbModule(path: string): boolean {
  const table = files.find((file) => file.path === 'cli/verbs.ts')?.text ?? ''
  return table.includes(`import('./${path.replace(/^cli\//, '')}')`)
}

function fail(): never {
  throw new Error('cli/verbs.ts is missing')
}
