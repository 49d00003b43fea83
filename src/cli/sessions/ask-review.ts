import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import { marked, type Review, settle, units, type Verdict } from '../../session/life/review.ts'
import { shown } from '../../text.ts'
import type { Finding } from '../../workspace/manifest.ts'
import { canAsk, readAnswer } from '../config/start-config.ts'
import { findingText, nameOf } from './review-text.ts'

const ANSWERS: Readonly<Record<string, Verdict>> = { k: 'keep', r: 'revert', q: 'quarantine' }

/** Shows what may run by itself, one after the other, and asks what becomes of it. No answer leaves it as it is, to be reviewed later. */
export function askReview(context: Context, review: Review, findings: readonly Finding[] = asked(review)): void {
  const seen = marked(review)
  for (const [at, finding] of findings.entries()) {
    context.note(findingText(review, finding))
    const answer = readAnswer(
      context,
      `${at + 1} of ${findings.length}: [k]eep, [r]evert, [q]uarantine, or Enter for later: `,
      'end',
    )
    if (answer === 'end') return
    const verdict = ANSWERS[answer.slice(0, 1)]
    if (verdict !== undefined) carryOut(context, seen, { finding, verdict })
  }
}

/** What is asked about: nobody is asked about what only shows. */
const asked = ({ planted }: Review): readonly Finding[] => units(planted).filter(({ severity }) => severity !== 'shown')

/** One that cannot be done is told, and does not keep the others from their turn. */
function carryOut(
  context: Context,
  review: Review,
  { finding, verdict }: { readonly finding: Finding; readonly verdict: Verdict },
): void {
  try {
    const place = settle(context.host, review, [finding], verdict)
    context.note(`${done(verdict)} ${nameOf(review, finding.path)}${place === '' ? '' : ` in ${shown(place)}`}`)
  } catch (error) {
    context.warn(
      error instanceof PaudeError
        ? `${error.message}; ${error.hint}`
        : `cannot change ${nameOf(review, finding.path)}: ${shown(String((error as NodeJS.ErrnoException).code ?? error))}; check it yourself`,
    )
  }
}

const done = (verdict: Verdict): string => ({ keep: 'kept', revert: 'reverted', quarantine: 'moved' })[verdict]

/** What follows a session by `workspace.on_finding`, besides the warning that names what was found. */
export function afterSession(context: Context, review: Review): void {
  const severe = units(review.planted).filter(({ severity }) => severity === 'severe')
  switch (review.record.onFinding) {
    case 'ask':
      if (canAsk(context)) askReview(context, review)
      return
    case 'revert':
      for (const finding of severe) carryOut(context, review, { finding, verdict: 'quarantine' })
      return
    case 'warn':
      return
  }
}
