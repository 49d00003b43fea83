import { relative } from 'node:path'
import type { SessionRecord } from '../../session/record/record.ts'
import { type ConfigChange, isExecutable } from '../../session/record/shadows.ts'
import { printable, shown } from '../../text.ts'
import { risksOf } from '../../workspace/agent-risk.ts'
import { below } from '../../workspace/paths.ts'
import type { Leaf } from '../../workspace/tree.ts'
import { red, yellow } from '../streams/output.ts'
import { contentText } from './review-text.ts'

/** Lines of a change that are shown: you decide by them. */
const MOST = { lines: 400, characters: 4_000 } as const
/** Characters of a line about a file. */
const LONGEST = 300

/** What a change makes this machine do. `named` are paths that git's configuration names. */
export function risksOfChange(
  record: SessionRecord,
  { path, was, here, now }: ConfigChange,
  named: readonly string[],
): readonly string[] {
  const text = (leaf: Leaf | null) => (leaf?.kind === 'file' ? leaf.content.toString() : null)
  const byGit = named.some((one) => below(one, path)) ? ['git on this machine is told to use it'] : []
  // Anything else stays in the session.
  if (now !== null && now.kind !== 'file') return byGit
  return [
    ...byGit,
    ...risksOf({
      path: relative(record.workspace, path),
      // Against what your agent obeys now: what it has already changes nothing.
      before: text(here ?? was),
      after: text(now),
      isExecutable: now !== null && isExecutable(now),
    }),
  ]
}

/** A change as a person reads it: what your file would become, and what that means. */
export function configText(record: SessionRecord, change: ConfigChange, risks: readonly string[]): string {
  const { path, state, was, here, now, isHereToo, fault } = change
  const content = (leaf: Leaf | null) => (leaf?.kind === 'file' ? leaf.content : Buffer.alloc(0))
  const line = (text: string) => shown(text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text)
  const { lines, isWhole } = contentText(content(here), content(now), MOST)
  return [
    `${shown(relative(record.workspace, path))} (${state}${isHereToo ? '; changed on this machine too' : ''})`,
    ...risks.map((risk) => `  ${red(`! ${line(risk)}`)}`),
    ...(fault === '' ? [] : [`  ${yellow(`cannot be brought back: ${line(fault)}`)}`]),
    ...(fault !== '' && now?.kind !== 'file' ? [] : lines),
    ...(isHereToo && fault === '' ? [`  ${yellow(hereToo(change))}`] : []),
    ...(isHereToo && now !== null
      ? ['  what the session changed itself:', ...contentText(content(was), content(now), MOST).lines]
      : []),
    // Last, where the question follows: what is above may fill many screens.
    ...(isWhole || fault !== '' || now === null
      ? []
      : [`  ${red('! you see only a part of this change: read the file before you bring it back')}`]),
  ].join('\n')
}

const hereToo = ({ was, here, now }: ConfigChange): string =>
  printable(
    here === null
      ? 'it is gone on this machine since the session began'
      : now === null
        ? 'your file has changes since the session began; they would be lost'
        : was === null
          ? 'a file of yours is there since the session began; it would be replaced'
          : 'the lines show your file as it is now, with your own changes since the session began: they would be replaced',
  )
