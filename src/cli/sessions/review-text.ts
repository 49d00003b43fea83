import { isUtf8 } from 'node:buffer'
import { relative } from 'node:path'
import type { Review } from '../../session/life/review.ts'
import { printable, shown } from '../../text.ts'
import { bytesInPlace } from '../../workspace/inode.ts'
import { rank } from '../../workspace/listed.ts'
import { type Finding, keptContent } from '../../workspace/manifest.ts'
import { below, look, readLink } from '../../workspace/paths.ts'
import { green, red } from '../streams/output.ts'

/** Lines of a change that are shown, and changes within one finding. */
const MOST_LINES = 40
const MOST_FILES = 20
/** Bytes of a file that are compared. */
const MOST_BYTES = 64 * 1024
/** Characters of a line. */
const LONGEST = 200

/** A finding: what it is, why it counts, and what is new in it. */
export function findingText(review: Review, finding: Finding): string {
  const { path, state, severity, tool, why, remarks } = finding
  const name = nameOf(review, path)
  const reason = [tool === '' ? why : `${tool} ${why}`, ...remarks.map(shown)].join('; ')
  const inner = review.planted.findings
    .filter((one) => below(path, one.path) && (one.path !== path || look(path)?.isFile()) && !look(one.path)?.isDirectory())
    .toSorted((a, b) => rank(a.severity) - rank(b.severity))
  const more = inner.length > MOST_FILES ? [`  (${inner.length - MOST_FILES} more files)`] : []
  const lines = inner
    .slice(0, MOST_FILES)
    .flatMap((one) => (one.path === path ? changeLines(review, one) : innerLines(review, one)))
  return [`${name} (${state}, ${severity}): ${reason}`, ...lines, ...more].join('\n')
}

/** Something within a finding: a file with what is new in it, anything else with what it is. */
function innerLines(review: Review, one: Finding): readonly string[] {
  const [name, kind] = [`  ${nameOf(review, one.path)}`, look(one.path)]
  if (kind?.isFile()) return [name, ...changeLines(review, one)]
  if (kind?.isSymbolicLink()) return [`${name} (a link to ${cut(readLink(one.path))})`]
  return [`${name} (${kind === null ? 'is gone' : 'neither a file nor a folder'})`]
}

/** As a person types it from the project's top: a path elsewhere is written in full. */
export function nameOf({ record }: Pick<Review, 'record'>, path: string): string {
  const name = relative(record.workspace, path)
  return shown(name.startsWith('..') ? path : name)
}

function changeLines({ kept }: Review, { path, state }: Finding): readonly string[] {
  const after = bytesInPlace(path, MOST_BYTES)
  const before = state === 'new' ? Buffer.alloc(0) : keptContent(kept, path)
  if (after === null) return ['    (too large to show)']
  if (before === null) return ['    (paude did not keep the old content)']
  return contentText(before, after, { lines: MOST_LINES, characters: LONGEST }).lines
}

/** What is new in a content, a bounded number of lines of it, and whether these are all of it. */
export function contentText(
  before: Buffer,
  after: Buffer,
  most: { readonly lines: number; readonly characters: number },
): { readonly lines: readonly string[]; readonly isWhole: boolean } {
  const instead = (line: string, isWhole = false) => ({ lines: [`    (${line})`], isWhole })
  if (before.length > MOST_BYTES || after.length > MOST_BYTES) return instead('too large to show')
  if (!isText(after) || !isText(before)) return instead(`no text, ${after.length} bytes`)
  if (before.equals(after)) return instead('only its mode or kind changed', true)
  const lines = difference(linesOf(before), linesOf(after))
  const more = lines.length > most.lines ? [`    (${lines.length - most.lines} more lines)`] : []
  return {
    lines: [...lines.slice(0, most.lines).map((line) => `    ${coloured(cut(line, most.characters))}`), ...more],
    isWhole: more.length === 0 && lines.every((line) => line.length <= most.characters),
  }
}

/** What is not shown is told, so that nothing hides behind a long line. */
const cut = (line: string, most = LONGEST): string =>
  printable(line.length > most ? `${line.slice(0, most)}… (${line.length - most} more characters)` : line)

const isText = (bytes: Buffer): boolean => isUtf8(bytes) && !bytes.includes(0)

const linesOf = (bytes: Buffer): readonly string[] => (bytes.length === 0 ? [] : bytes.toString().replace(/\n$/, '').split('\n'))

const coloured = (line: string): string => (line.startsWith('+') ? green(line) : red(line))

/** Without the lines that both begin and end with: a change in one place is shown as such, of several the whole between them. */
function difference(before: readonly string[], after: readonly string[]): readonly string[] {
  const most = Math.min(before.length, after.length)
  let head = 0
  while (head < most && before[head] === after[head]) head++
  let tail = 0
  while (tail < most - head && before.at(-1 - tail) === after.at(-1 - tail)) tail++
  return [
    ...before.slice(head, before.length - tail).map((line) => `- ${line}`),
    ...after.slice(head, after.length - tail).map((line) => `+ ${line}`),
  ]
}
