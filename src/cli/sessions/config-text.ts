import { relative } from 'node:path'
import type { SessionRecord } from '../../session/record/record.ts'
import { type ConfigChange, isExecutable } from '../../session/record/shadows.ts'
import { printable, shown } from '../../text.ts'
import { risksOf } from '../../workspace/agent-risk.ts'
import { below } from '../../workspace/paths.ts'
import type { Leaf } from '../../workspace/tree.ts'
import { red, yellow } from '../streams/output.ts'
import { contentLines } from './review-text.ts'

/** Lines of a change that are shown: you decide by them. */
const MOST_LINES = 400
/** Characters of a line about a file. */
const LONGEST = 300

/** What a change makes this machine do. `named` are paths that git's configuration names. */
export function risksOfChange(
  record: SessionRecord,
  { path, was, here, now }: ConfigChange,
  named: readonly string[],
): readonly string[] {
  const text = (leaf: Leaf | null) => (leaf?.kind === 'file' ? leaf.content.toString() : null)
  return [
    ...(named.some((one) => below(one, path)) ? ['git on this machine is told to use it'] : []),
    ...risksOf({
      path: relative(record.workspace, path),
      // Against what your agent obeys now: what it has already changes nothing.
      before: text(here ?? was),
      after: text(now),
      isExecutable: now?.kind === 'file' && isExecutable(now),
    }),
  ]
}

/** A change as a person reads it: what your file would become, and what that means. */
export function configText(record: SessionRecord, change: ConfigChange, risks: readonly string[]): string {
  const { path, state, was, here, now, isHereToo, fault } = change
  const content = (leaf: Leaf | null) => (leaf?.kind === 'file' ? leaf.content : Buffer.alloc(0))
  const line = (text: string) => shown(text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text)
  return [
    `${shown(relative(record.workspace, path))} (${state}${isHereToo ? '; changed on this machine too' : ''})`,
    ...risks.map((risk) => `  ${red(`! ${line(risk)}`)}`),
    ...(fault === '' ? [] : [`  ${yellow(`cannot be brought back: ${line(fault)}`)}`]),
    ...(fault !== '' && now?.kind !== 'file' ? [] : contentLines(content(here), content(now), MOST_LINES)),
    ...(isHereToo && fault === '' ? [`  ${yellow(hereToo(change))}`] : []),
    ...(isHereToo && now !== null
      ? ['  what the session changed itself:', ...contentLines(content(was), content(now), MOST_LINES)]
      : []),
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
