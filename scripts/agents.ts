import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { $ } from 'zx'
import { install as claude } from '../src/agents/claude/install.ts'
import { install as codex } from '../src/agents/codex/install.ts'
import type { Install } from '../src/image/install.ts'

/** Claude Code's own Linux program, fetched once; '' where there is none to be had. */
export const fetchClaude = (): Promise<string> => fetchAgent(claude)

/** The same of Codex. */
export const fetchCodex = (): Promise<string> => fetchAgent(codex)

async function fetchAgent({ name: agent, title, version, release }: Install): Promise<string> {
  const found = release?.(process.arch, 'glibc')
  if (!found) return ''
  const { package: name, program: path, suffix = '' } = found
  const folder = join(import.meta.dir, '../.cache', agent, version)
  const program = join(folder, 'node_modules', name, path)
  if (existsSync(program)) return program
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'package.json'), '{}\n')
  const words = ['add', '--ignore-scripts', '--exact', '--no-save', `${name}@${version}${suffix}`]
  const { exitCode, stderr } = await $({ cwd: folder, quiet: true, nothrow: true })`${process.execPath} ${words}`
  if (exitCode === 0 && existsSync(program)) return program
  console.log(`!!! NOT TESTED: real ${title}: ${stderr.trim().split('\n').at(-1)}`)
  return ''
}
