import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { $ } from 'zx'

const version = '2.1.329'

/** Claude Code's own Linux program, fetched once; '' where there is none to be had. */
export async function fetchClaude(): Promise<string> {
  const name = `@anthropic-ai/claude-code-linux-${process.arch}`
  const folder = join(import.meta.dir, '../.cache/claude', version)
  const program = join(folder, 'node_modules', name, 'claude')
  if (existsSync(program)) return program
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'package.json'), '{}\n')
  const words = ['add', '--ignore-scripts', '--exact', '--no-save', `${name}@${version}`]
  const { exitCode, stderr } = await $({ cwd: folder, quiet: true, nothrow: true })`${process.execPath} ${words}`
  if (exitCode === 0 && existsSync(program)) return program
  console.log(`!!! NOT TESTED: real Claude Code: ${stderr.trim().split('\n').at(-1)}`)
  return ''
}
