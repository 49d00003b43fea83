import { expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const source = join(import.meta.dir, '../src')
const transpiler = new Bun.Transpiler({ loader: 'ts' })

/** Milliseconds each of these takes every start, since they bring the runtime's streams with them. */
const SLOW = ['node:crypto', 'node:net', 'node:tty', 'node:util', 'node:http', 'node:stream', 'node:child_process']

/** What is loaded with a file, by plain imports: those that wait for `import()` are loaded when they are needed. */
function loaded(path: string, known = new Map<string, readonly string[]>()): ReadonlyMap<string, readonly string[]> {
  if (known.has(path)) return known
  const text = readFileSync(join(source, path), 'utf8')
  const imports = transpiler
    .scanImports(text)
    .filter(({ kind }) => kind === 'import-statement')
    .map((one) => one.path)
  known.set(path, imports)
  for (const target of imports)
    if (target.startsWith('.') && target.endsWith('.ts') && !join(dirname(path), target).startsWith('..'))
      loaded(join(dirname(path), target), known)
  return known
}

test.each(['main.ts', 'cli/start/start.ts', 'cli/start/run.ts', 'cli/sessions/sessions.ts'])(
  '%s loads none of the slow modules of the runtime',
  (path) => {
    const files = loaded(path)
    expect(files.size).toBeGreaterThan(5)
    const slow = [...files].flatMap(([file, imports]) =>
      imports.filter((one) => SLOW.includes(one)).map((one) => `${file}: ${one}`),
    )
    expect(slow).toEqual([])
  },
)

/** What takes a start some milliseconds each: for files of configuration, and for a terminal, which few starts have. */
const HEAVY = ['@iarna/toml', '@xterm/headless', 'jsonc-parser', 'consola']

test.each(['main.ts', 'cli/start/run.ts', 'session/life/launch.ts', 'hold/streams.ts'])(
  '%s loads no parser and no emulator before one is needed',
  (path) => {
    const heavy = [...loaded(path)].flatMap(([file, imports]) =>
      imports.filter((one) => HEAVY.includes(one)).map((one) => `${file}: ${one}`),
    )
    expect(heavy).toEqual([])
  },
)
