import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CopyTree } from '../plan/plan.ts'

type Leaves = CopyTree['leaves']

/** Writes files, folders and links to a place that nobody else writes to, and where nothing is. */
export function layTree(to: string, leaves: Leaves): void {
  for (const { path, kind, mode, content } of leaves) {
    const place = join(to, path)
    if (kind === 'link') symlinkSync(content.reveal(), place)
    else if (kind === 'folder') mkdirSync(place, { mode: 0o700 })
    else writeFileSync(place, content.reveal(), { encoding: 'latin1', mode: 0o600, flag: 'wx' })
    // Its owner may write in all of it: what is there is a copy.
    if (kind !== 'link') chmodSync(place, (mode & 0o777) | (kind === 'folder' ? 0o700 : 0o600))
  }
}

/** The same as one file, since making each takes its time: a line of JSON for each leaf, with its content in base64. */
export const packTree = (to: string, leaves: Leaves): void =>
  writeFileSync(
    to,
    leaves
      .map(({ content, ...leaf }) => {
        const bytes = Buffer.from(content.reveal(), leaf.kind === 'link' ? 'utf8' : 'latin1')
        return `${JSON.stringify({ ...leaf, content: bytes.toString('base64') })}\n`
      })
      .join(''),
    { mode: 0o600 },
  )
