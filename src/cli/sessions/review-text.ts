import { isUtf8 } from 'node:buffer'
import { relative } from 'node:path'
import type { Review } from '../../session/life/review.ts'
import { printable, shown } from '../../text.ts'
import { bytesInPlace } from '../../workspace/inode.ts'
import { type Finding, keptContent } from '../../workspace/manifest.ts'
import { below, look } from '../../workspace/paths.ts'
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
    .filter((one) => below(path, one.path) && look(one.path)?.isFile())
    .slice(0, MOST_FILES)
    .flatMap((one) => [...(one.path === path ? [] : [`  ${nameOf(review, one.path)}`]), ...changeLines(review, one)])
  return [`${name} (${state}, ${severity}): ${reason}`, ...inner].join('\n')
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
  if (!isText(after) || !isText(before)) return [`    (no text, ${after.length} bytes)`]
  if (before.equals(after)) return ['    (only its mode or kind changed)']
  const lines = difference(linesOf(before), linesOf(after))
  const more = lines.length > MOST_LINES ? [`    (${lines.length - MOST_LINES} more lines)`] : []
  return [...lines.slice(0, MOST_LINES).map((line) => `    ${coloured(printable(line.slice(0, LONGEST)))}`), ...more]
}

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
