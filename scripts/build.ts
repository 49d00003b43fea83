import { mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { $ } from 'zx'

const root = join(import.meta.dir, '..')
export const binary = join(root, 'dist/paude')

const words = [
  '--compile',
  '--minify',
  '--bytecode', // halves the cold start
  '--format=esm',
  // A verb loads its own chunk: of one file every start pays for all of it, 3 ms, and for the runtime's modules that any verb imports.
  '--splitting',
  // Nearly all that a start runs, it runs a few times: compiling it takes a quarter of its time. What lives longer is compiled as usual (main.ts).
  '--compile-jit-policy=16',
  // Both would read a file of the directory paude is called in, that is of the project under work, and bunfig.toml can name code to run.
  '--no-compile-autoload-dotenv',
  '--no-compile-autoload-bunfig',
]

/**
 * Bun ends in a folder that was deleted before any line of ours, unless it is told its folder; on Linux this name is the one it has.
 * Elsewhere no path means it, and Bun's own sentence stays.
 */
const SAME_FOLDER = '--compile-exec-argv=--cwd=/proc/self/cwd'

if (import.meta.main)
  await build(binary).catch((error: Error) => {
    console.error(error.message)
    process.exitCode = 1
  })

/** Compiles the program; the file is replaced at once, also while it runs. Extra words choose another target. */
export async function build(file: string, extra: readonly string[] = []): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  const target = extra.find((word) => word.startsWith('--target=')) ?? process.platform
  const here = target.includes('linux') ? [SAME_FOLDER] : []
  const folder = await mkdtemp(join(dirname(file), '.build-'))
  try {
    // The name is part of what is embedded: it must be the same in every folder for the bytes to be the same.
    const made = join(folder, 'paude')
    const { exitCode, stderr } = await $({
      cwd: root,
      quiet: true,
      nothrow: true,
    })`${process.execPath} build ${words} ${here} ${extra} --outfile=${made} src/main.ts`
    if (exitCode !== 0) throw new Error(`the program does not build\n${stderr.trim()}`)
    await rename(made, file)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Whether anything the program is made of is younger than the program. */
export const isStale = async (): Promise<boolean> =>
  (await youngerThan(binary, '{src,squid,images}/**', 'package{,-lock}.json', 'scripts/build.ts')).length > 0

/** The files of these patterns that were changed or moved after another one was made; all of them where that is missing. */
export async function youngerThan(made: string, ...patterns: readonly string[]): Promise<readonly string[]> {
  const since = (await stat(made).catch(() => null))?.mtimeMs ?? 0
  const found = patterns.map((pattern) => Array.fromAsync(new Bun.Glob(pattern).scan({ cwd: root, dot: true })))
  const files = (await Promise.all(found)).flat()
  const ages = await Promise.all(files.map(async (file) => (await stat(join(root, file))).ctimeMs))
  return files.filter((_, at) => (ages[at] ?? 0) > since)
}
