import { expect } from 'bun:test'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

export const GOLDEN = join(import.meta.dir, '../golden')

/** Compares with a file that is reviewed like code; `UPDATE_GOLDEN=1 bun test` writes it anew. */
export function expectGolden(name: string, text: string): void {
  const file = join(GOLDEN, name)
  if (process.env['UPDATE_GOLDEN'] === '1') {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
    return
  }
  if (!existsSync(file)) throw new Error(`test/golden/${name} is missing: UPDATE_GOLDEN=1 bun test test/golden.test.ts writes it`)
  expect(text).toBe(readFileSync(file, 'utf8'))
}

/**
 * What is different from the plain case, so that a new flag changes the plain script alone. Line numbers are left out, since every
 * line above would change them, and so is indentation; the call that a change belongs to stands beside it.
 */
export function difference(plain: string, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'paude-golden-'))
  try {
    for (const [name, script] of Object.entries({ plain, text })) writeFileSync(join(folder, name), script.replace(/^ +/gm, ''))
    const words = ['--unified=0', '--show-function-line=^\\(docker\\|podman\\|cat\\|printf\\|mkdir\\|(\\|# \\)', 'plain', 'text']
    const { stdout, exitCode } = Bun.spawnSync(['diff', ...words], { cwd: folder })
    if (exitCode > 1) throw new Error('diff failed')
    const [, , ...lines] = stdout.toString().split('\n')
    return lines.map((line) => line.replace(/^@@ .*? @@ ?/, '@@ ')).join('\n')
  } finally {
    rmSync(folder, { recursive: true })
  }
}
