import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PaudeError } from '../errors.ts'
import type { Snapshot } from '../plan/plan.ts'
import { nameInside, printableOutput, shown } from '../text.ts'
import { look } from '../workspace/paths.ts'
import { isPlain } from '../workspace/uncommitted.ts'
import { oddLists } from './odd-lists.ts'
import { capture } from './process.ts'

/** Files that come along, bytes of their names, and milliseconds in which git has to find them. */
export const MOST_OTHERS = { files: 50_000, names: 64 * 1024 ** 2 }
const PATIENCE = 120_000
const MOST_SAID = 1024 ** 2

/** What a folder has that its index does not know and git does not ignore. */
export type Others = {
  readonly names: readonly string[]
  /** Repositories of their own, with a slash at the end. */
  readonly repositories: readonly string[]
  /** Names that are not UTF-8. */
  readonly unreadable: readonly string[]
}

/** Lists them in a folder of paude's own, by `find`. No link is followed. */
export async function findOthers(
  { root, folder, find, uncommitted }: Omit<Snapshot, 'kind' | 'list'>,
  signal: AbortSignal,
): Promise<Others> {
  const { files, repositories: within, objects, excludes, changed } = uncommitted
  for (const [name, content] of Object.entries({ entries: files + within, objects, excludes }))
    writeFileSync(join(folder, name), content, { mode: 0o600 })
  const odd = ['.gitignore', ...changed.filter((name) => name.endsWith('/.gitignore'))].find(isOddIn(root))
  if (odd !== undefined) throw cannotBring(ODD(odd), `look at ${shown(join(root, odd))}`)
  const late = AbortSignal.timeout(PATIENCE)
  const { code, stderr } = await capture(find, { signal: AbortSignal.any([signal, late]), most: MOST_SAID })
  signal.throwIfAborted()
  if (code !== 0)
    throw cannotBring(await causeOf(root, late.aborted ? 'git did not end in time' : lastLine(stderr)), 'git status')
  const list = join(folder, 'others')
  if (statSync(list).size > MOST_OTHERS.names) throw cannotBring(`more than ${MOST_OTHERS.files} files are not committed`, IGNORE)
  const found = namesIn(readFileSync(list))
  for (const name of ['entries', 'objects', 'excludes', 'others']) rmSync(join(folder, name))
  return {
    names: found.names.filter((name) => !name.endsWith('/') && isPlain(name)),
    repositories: found.names.filter((name) => name.endsWith('/')),
    unreadable: found.unreadable,
  }
}

/** Bytes of a list of what is ignored. */
const MOST_IGNORED = 16 * 1024 ** 2

const ODD = (name: string): string => `${nameInside(name)} is not a plain file of at most ${MOST_IGNORED / 1024 ** 2} MiB`

/** Whether git would wait for a list of what is ignored, or read it for long. It follows no link to one. */
const isOddIn = (root: string) => (name: string) => {
  const file = look(join(root, name))
  return file !== null && !file.isSymbolicLink() && !file.isDirectory() && (!file.isFile() || file.size > MOST_IGNORED)
}

/** Why git failed: to look at all lists of what is ignored costs more than most starts should. */
async function causeOf(root: string, why: string): Promise<string> {
  const [odd] = await oddLists(root, { names: ['.gitignore'], most: MOST_IGNORED })
  return odd === undefined ? why : `${why}: ${ODD(odd)}`
}

function namesIn(list: Buffer): Pick<Others, 'names' | 'unreadable'> {
  const all = list.toString('latin1').split('\0').filter(Boolean)
  const texts = all.map((name) => ({ name, text: Buffer.from(name, 'latin1').toString() }))
  const isText = ({ name, text }: (typeof texts)[number]) => Buffer.from(text).toString('latin1') === name
  return {
    names: texts.filter(isText).map(({ text }) => text),
    unreadable: texts.filter((one) => !isText(one)).map(({ text }) => text),
  }
}

const IGNORE = 'commit them or add them to .gitignore'
const lastLine = (text: string): string => printableOutput(text).trim().split('\n').at(-1)?.slice(0, 300) ?? ''

/** Why files that are not committed do not come into a clone. */
export const cannotBring = (why: string, hint: string): PaudeError =>
  new PaudeError('refused', `what is not committed cannot be brought: ${why}`, { hint })
