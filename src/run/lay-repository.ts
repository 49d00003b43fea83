import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Makes a folder a repository to git, with as little as that takes and without starting git. */
export function layRepository(folder: string): void {
  for (const path of ['.git/objects', '.git/refs/heads']) mkdirSync(join(folder, path), { recursive: true })
  writeFileSync(join(folder, '.git/HEAD'), 'ref: refs/heads/main\n')
  writeFileSync(join(folder, '.git/config'), '[core]\n\trepositoryformatversion = 0\n')
}
