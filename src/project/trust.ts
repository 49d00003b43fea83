import { lstatSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { hashOf } from '../config/files/hash.ts'
import { replaceFile } from '../config/files/replace-file.ts'
import { keyOf } from '../config/keys/all.ts'
import { isWider } from '../config/keys/rules.ts'
import { allRows } from '../config/sections/rows.ts'

/** The user's word about one file of a project: it may open these things as long as its content is this. */
const Approval = v.object({
  v: v.literal(1),
  file: v.string(),
  hash: v.string(),
  items: v.array(v.string()),
  /** What the user had in place of an item when he said so; nothing for entries that are added. */
  before: v.optional(v.record(v.string(), v.string()), {}),
  /** What it names beyond itself, by path: hashes of certificates, and where other places really are. */
  also: v.record(v.string(), v.string()),
  approved: v.string(),
})
export type Approval = v.InferOutput<typeof Approval>

/** What is asked of a file: the same, but for the time. */
export type Asked = Omit<Approval, 'v' | 'approved'>

/** Whether the user has approved all that is asked, of exactly these contents. */
export function isApproved(folder: string, { file, hash, items, before, also }: Asked): boolean {
  const known = readApproval(join(folder, nameOf(file)))
  return (
    known !== null &&
    known.file === file &&
    known.hash === hash &&
    items.every((item) => known.items.includes(item) && !isNarrower(item, known.before[item], before[item])) &&
    Object.entries(also).every(([path, content]) => known.also[path] === content)
  )
}

/** Whether the user has less now, in place of what was approved, than he had when he said so. */
function isNarrower(item: string, then: string | undefined, now: string | undefined): boolean {
  if (now === undefined) return false
  const key = item.slice(0, item.indexOf(' = '))
  const setting = allRows.find(([one]) => keyOf(one) === key)?.[0]
  // Approvals of an older release do not say.
  return then === undefined || setting === undefined || isWider(setting, then, now)
}

/** What the user approved of a path that a file names; undefined when nothing is. */
export const approvedContent = (folder: string, file: string, path: string): string | undefined =>
  approvals(folder).find((approval) => approval.file === file)?.also[path]

/** Keeps the user's word. */
export function approve(folder: string, asked: Asked, now: Date): void {
  const path = join(folder, nameOf(asked.file))
  const known = readApproval(path)
  // The same content may open other things under another profile: the word about those still holds.
  const same = known?.file === asked.file && known.hash === asked.hash
  const items = same ? [...new Set([...known.items, ...asked.items])] : asked.items
  const before = same ? { ...known.before, ...asked.before } : asked.before
  const also = same ? { ...known.also, ...asked.also } : asked.also
  const approval: Approval = { v: 1, ...asked, items: [...items], before, also, approved: now.toISOString() }
  const hint = 'check the permissions of the state folder'
  replaceFile(path, `${JSON.stringify(approval, null, 2)}\n`, { mode: 0o600, folderMode: 0o700, hint })
}

/** All approvals, by file. */
export function approvals(folder: string): readonly Approval[] {
  let names: readonly string[]
  try {
    names = readdirSync(folder)
  } catch {
    return []
  }
  return names
    .filter((name) => name.endsWith('.json'))
    .flatMap((name) => readApproval(join(folder, name)) ?? [])
    .toSorted((a, b) => (a.file < b.file ? -1 : 1))
}

/** Takes the user's word back. */
export const revoke = (folder: string, file: string): void => rmSync(join(folder, nameOf(file)), { force: true })

const nameOf = (file: string): string => `${hashOf(file).slice(0, 32)}.json`

/** null for what is broken, and for what others could have written. */
function readApproval(path: string): Approval | null {
  try {
    const stats = lstatSync(path)
    if (!stats.isFile() || (stats.mode & 0o022) !== 0) return null
    const result = v.safeParse(Approval, JSON.parse(readFileSync(path, 'utf8')))
    return result.success ? result.output : null
  } catch {
    return null
  }
}
