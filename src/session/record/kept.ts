import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { KEPT } from '../../box/lay-out.ts'
import { replaceFile } from '../../config/files/replace-file.ts'
import { type Manifest, renewed } from '../../workspace/manifest.ts'
import { readAlarm } from './alarm.ts'

const Kept = v.object({
  roots: v.array(v.string()),
  gits: v.array(v.string()),
  named: v.array(v.string()),
  list: v.array(
    v.object({ path: v.string(), severity: v.picklist(['severe', 'warn', 'shown']), tool: v.string(), why: v.string() }),
  ),
  seen: v.record(
    v.string(),
    v.object({
      kind: v.picklist(['file', 'folder', 'link', 'other']),
      mode: v.number(),
      mark: v.string(),
      hash: v.string(),
    }),
  ),
  contents: v.record(v.string(), v.string()),
  links: v.record(v.string(), v.string()),
})

/** null in folders of an older paude, and where nothing was kept. */
export function readKept(folder: string): Manifest | null {
  try {
    const result = v.safeParse(Kept, JSON.parse(readFileSync(join(folder, KEPT), 'utf8')))
    return result.success ? { ...result.output, alarmed: readAlarm(folder)?.paths ?? [] } : null
  } catch {
    return null
  }
}

/** From now on a path is meant to look as it does. */
export function keepAnew(folder: string, paths: readonly string[]): void {
  const kept = readKept(folder)
  if (kept === null) return
  const hint = 'check the permissions of the state folder'
  replaceFile(join(folder, KEPT), JSON.stringify(renewed(kept, paths)), { mode: 0o600, folderMode: 0o700, hint })
}
