import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { $ } from 'zx'
import { install as claude } from '../src/agents/claude/install.ts'
import { install as codex } from '../src/agents/codex/install.ts'
import { install as gemini } from '../src/agents/gemini/install.ts'
import type { Install } from '../src/image/install.ts'

/** Claude Code's own Linux program, fetched once; '' where there is none to be had. */
export const fetchClaude = (): Promise<string> => fetchAgent(claude)

/** The same of Codex. */
export const fetchCodex = (): Promise<string> => fetchAgent(codex)

/** Words that run Gemini CLI, on the node that it has in a sandbox. */
export async function fetchGemini(): Promise<readonly string[]> {
  const program = await fetchAgent(gemini)
  return program === '' ? [] : [join(folderOf(gemini), 'node_modules', `node-linux-${process.arch}/bin/node`), program]
}

const folderOf = ({ name, version }: Install): string => join(import.meta.dir, '../.cache', name, version)

async function fetchAgent(install: Install): Promise<string> {
  const { title, version, release } = install
  const found = release?.(process.arch, 'glibc')
  if (!found) return ''
  const { package: name, program: path, suffix = '', tree } = found
  const folder = folderOf(install)
  const program = join(folder, 'node_modules', name, path)
  if (existsSync(program)) return program
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'package.json'), '{}\n')
  const words = ['add', '--ignore-scripts', '--exact', '--no-save', `${name}@${version}${suffix}`, ...(tree?.packages ?? [])]
  const { exitCode, stderr } = await $({ cwd: folder, quiet: true, nothrow: true })`${process.execPath} ${words}`
  if (exitCode === 0 && existsSync(program)) return program
  console.log(`!!! NOT TESTED: real ${title}: ${stderr.trim().split('\n').at(-1)}`)
  return ''
}
