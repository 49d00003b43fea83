import { resolve } from 'node:path'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import { ask } from '../../run/ask.ts'
import { goOn } from '../../session/life/alarm.ts'
import { findSession } from '../../session/life/find.ts'
import { CUT } from '../../session/life/new-executables.ts'
import { chosen, marked, type Review, reviewOf, sealOf, settle, units, type Verdict } from '../../session/life/review.ts'
import { isPausedByAlarm } from '../../session/record/alarm.ts'
import type { Found } from '../../session/record/found.ts'
import { findPast } from '../../session/record/past.ts'
import { requirePrivate } from '../../state.ts'
import { quotedLines, shown } from '../../text.ts'
import type { Finding } from '../../workspace/manifest.ts'
import { json, lastOne } from '../args.ts'
import { canAsk } from '../config/start-config.ts'
import { ACTS } from '../front-flags.ts'
import { verb } from '../verb.ts'
import { askReview } from './ask-review.ts'
import { findingText, nameOf } from './review-text.ts'

export default verb({
  description: 'Review what a session left that this machine may run',
  details:
    'It lists what is new or changed at guarded paths since the session began. On a terminal it asks what to do with each. A session that paude paused goes on once nothing severe is left; exit code 1 until then.',
  front: ACTS,
  examples: [
    ['paude review', 'new and changed files of the session of this directory'],
    ['paude review b7k --json', 'the same for a script'],
    ['paude review b7k --keep CLAUDE.md', 'accept a file as it is now'],
    ['paude review b7k --keep CLAUDE.md@5f1c09aa7d3e', 'the same, unless it changed since a review showed it so'],
    ['paude review b7k --revert .', 'put everything back as it was'],
    ['paude review b7k --quarantine .vscode', 'the same, and move what the session made out of the project'],
  ],
  args: {
    session: { type: 'positional', description: 'Session (default: the one of this directory)', offers: 'sessions' },
    paths: { type: 'positional', many: true, description: 'Files and folders to decide about', offers: 'files' },
    keep: { type: 'boolean', description: 'Accept the paths as they are now; PATH@SEAL only as a review showed it' },
    revert: { type: 'boolean', description: 'Remove what is new at the paths, and put back what was there' },
    quarantine: { type: 'boolean', description: 'The same, and move what the session made out of the project' },
    last: lastOne,
    json,
  },
  async run(context, given) {
    const verdicts = (['keep', 'revert', 'quarantine'] as const).filter((one) => given[one])
    const [verdict, other] = verdicts
    if (other !== undefined)
      throw new PaudeError('usage', `--${verdict} and --${other} cannot be combined`, { hint: 'leave one of them out' })
    if (verdict === undefined && given.paths.length > 0)
      throw new PaudeError('usage', `choose what to do with ${shown(given.paths[0] ?? '')}`, {
        hint: 'add --keep, --revert or --quarantine',
      })
    const { review, runs, paused } = await look(context, given.session, given.last === true)
    if (verdict !== undefined) {
      decide(context, review, { verdict, paths: given.paths, runs })
      await letGoOn(context, paused, review)
      return 0
    }
    if (given.json) context.answer(quotedLines(asJson(review)))
    else if (canAsk(context) && !runs) askReview(context, review, units(review.planted))
    else for (const one of units(review.planted)) context.answer(sealedText(review, one))
    if (!given.json && review.planted.findings.length === 0) context.note('nothing new or changed at guarded paths')
    if (!given.json && review.planted.isCut) context.warn(CUT)
    return given.json ? severeLeft(review, paused) : await letGoOn(context, paused, review)
  },
})

/** Exit code 1 while something severe is left. A paused session may have filled the project so that nobody sees what is there. */
function severeLeft(review: Review, paused: Found | null): number {
  const { planted } = reviewOf(review.record, review.folder) ?? review
  return planted.findings.some(({ severity }) => severity === 'severe') || (planted.isCut && paused !== null) ? 1 : 0
}

/** A session that was paused goes on once nothing severe is left. */
async function letGoOn(context: Context, paused: Found | null, review: Review): Promise<number> {
  const left = severeLeft(review, paused)
  const { id } = review.record
  if (paused === null) return left
  if (left > 0) context.note(`session ${id} stays paused; paude start ${id} lets it go on as it is`)
  else if (await goOn(context, paused)) context.note(`session ${id} goes on`)
  return left
}

/** The session, or what is kept of one that is gone. */
async function look(
  context: Context,
  word: string | undefined,
  last: boolean,
): Promise<{ readonly review: Review; readonly runs: boolean; readonly paused: Found | null }> {
  const past = last ? findPast(context.host, word) : null
  const found = past === null ? await findSession(context, word, undefined, 'paude review') : null
  const [record, folder] = [past?.record ?? found?.record, past?.folder ?? found?.handle.folder]
  const review = record === undefined || folder === undefined ? null : reviewOf(record, folder)
  if (review === null)
    throw new PaudeError('not-found', `paude has no record of the project at the start of session ${record?.id ?? ''}`, {
      hint: 'look at it with git: git status, git diff',
    })
  const state = found === null ? null : await ask(found.backend.life.state(found.handle), context.effects(found.backend))
  const paused = state?.status === 'paused' && isPausedByAlarm(folder ?? '') ? found : null
  return { review, runs: state?.status === 'running' || (state?.status === 'paused' && paused === null), paused }
}

function decide(
  context: Context,
  review: Review,
  { verdict, paths, runs }: { readonly verdict: Verdict; readonly paths: readonly string[]; readonly runs: boolean },
): void {
  const { host } = context
  const { id } = review.record
  if (paths.length === 0)
    throw new PaudeError('usage', `paude review --${verdict} needs a path`, { hint: `paude review ${id} --${verdict} .` })
  if (runs && verdict !== 'keep')
    throw new PaudeError('refused', `session ${id} is running and could write there`, { hint: `paude stop ${id} first` })
  requirePrivate(host)
  const sealed = paths.map((path) => readSealed(host.cwd, path))
  // What the seals are held against is what is settled.
  const now = sealed.some(({ seal }) => seal !== '') ? marked(review) : review
  for (const { path, seal } of sealed) if (seal !== '') requireSeal(now, path, seal)
  const found = chosen(
    now.planted,
    sealed.map(({ path }) => path),
  )
  const place = settle(host, now, found, verdict)
  for (const one of found) context.answer(shown(one.path))
  if (place !== '') context.note(`the files of the session are in ${shown(place)}`)
}

/** `PATH@SEAL`; a path that only looks so is written with the seal behind it. */
function readSealed(cwd: string, word: string): { readonly path: string; readonly seal: string } {
  const [, path = word, seal = ''] = /^(.+)@([0-9a-f]{12})$/s.exec(word) ?? []
  return { path: resolve(cwd, path), seal }
}

/** Refuses what does not look as it was shown. */
function requireSeal(review: Review, path: string, seal: string): void {
  const one = units(review.planted).find((each) => each.path === path)
  if (one !== undefined && sealOf(review, one) === seal) return
  throw new PaudeError('refused', `${shown(path)} ${one === undefined ? 'is not a finding' : 'changed since it was shown'}`, {
    hint: `paude review ${review.record.id}`,
  })
}

/** A finding, and how to accept it as it is shown: what changes while it is read no longer fits. */
function sealedText(review: Review, finding: Finding): string {
  const seal = sealOf(review, finding)
  const text = findingText(review, finding)
  return finding.state === 'removed' ? text : `${text}\n  as shown: ${nameOf(review, finding.path)}@${seal}`
}

/** What is decided as one has its seal. */
const asJson = (review: Review) => ({
  session: review.record.id,
  workspace: review.record.workspace,
  findings: sealedFindings(review),
  index: review.planted.unseen,
  complete: !review.planted.isCut,
})

function sealedFindings(review: Review) {
  const whole = new Set(units(review.planted))
  return review.planted.findings.map((one) => (whole.has(one) ? { ...one, seal: sealOf(review, one) } : one))
}
