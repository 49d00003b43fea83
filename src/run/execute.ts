import { lstatSync } from 'node:fs'
import { chmod, mkdir, rename, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { isUnanswered, PaudeError } from '../errors.ts'
import {
  type Argv,
  type Exec,
  type Hold,
  isLast,
  type Last,
  type Pipe,
  type Place,
  type Plan,
  revealed,
  type Step,
  type Together,
  type Write,
} from '../plan/plan.ts'
import { commandLine } from '../plan/shell.ts'
import { firstOf, shown } from '../text.ts'
import { makeInPlace, takeBackInPlace } from '../workspace/inode.ts'
import { runAttached } from './attached.ts'
import type { Effects } from './effects.ts'
import { type Interruption, listen } from './interruption.ts'
import { askLastWords } from './last-words.ts'
import { layTree, packTree } from './lay-tree.ts'
import { onDisk, removeFolder } from './on-disk.ts'
import { connect, type Outcome } from './process.ts'
import { ANSWER, question } from './question.ts'
import { tell } from './tell.ts'
import { waitUntil } from './wait-until.ts'
import { type Working, work } from './work.ts'

/**
 * Carries a plan out and returns its exit code: the attached agent's, or 0.
 * When a step fails or a signal comes, every undo runs, newest first, and the failure is thrown. Of an engine that does not answer it
 * names what may be left.
 * `afterwards` decides what follows an attached agent; signals stay caught until it is done.
 */
export const execute = (plan: Plan, effects: Effects, afterwards?: (code: number) => Promise<number>): Promise<number> =>
  carryAll(plan, { effects, interruption: listen(), afterwards })

/** Carries a plan out to its end, whatever signal comes: for steps that must not be torn apart. A failure still is one. */
export const executeWhole = (plan: Plan, effects: Effects): Promise<number> =>
  carryAll(plan, { effects, interruption: { ...listen(), signal: new AbortController().signal, check: () => undefined } })

async function carryAll(
  plan: Plan,
  {
    effects,
    interruption,
    afterwards,
  }: Pick<Run, 'effects' | 'interruption'> & { readonly afterwards?: ((code: number) => Promise<number>) | undefined },
): Promise<number> {
  const run: Run = {
    effects,
    undos: [],
    trailing: [],
    interruption,
    left: [],
    made: new Set(),
    working: workingOf(effects, interruption),
  }
  let code = 0
  try {
    for (const step of plan) {
      if (isLast(step)) {
        interruption.check()
        const trailing = Promise.all(run.trailing)
        // The streams are the agent's from here on.
        run.working.tell = () => undefined
        if (step.kind === 'attach') {
          const child = await effects.attach(step)
          if (step.keeps) run.undos.length = 0
          effects.began?.()
          code = await runAttached({ ...step, child }, trailing)
        } else code = await runHeld(step, run, trailing)
      } else await carryOut(step, run)
    }
    await Promise.all(run.trailing)
    return afterwards === undefined ? code : await afterwards(code)
  } catch (error) {
    // What is still being made must be there before it can be taken back.
    await Promise.allSettled(run.trailing)
    await takeBack(run, 0)
    throw error instanceof PaudeError && run.left.length > 0 ? withLeft(error, run.left) : error
  } finally {
    interruption.stop()
  }
}

type Undo = Argv | (() => Promise<unknown>)
type Run = {
  readonly effects: Effects
  readonly undos: Undo[]
  readonly trailing: Promise<void>[]
  readonly interruption: Interruption
  readonly working: { -readonly [Key in keyof Working]: Working[Key] }
  /** Undos that an engine did not answer. */
  readonly left: Argv[]
  /** Programs that take back what was certainly made. */
  readonly made: Set<string>
}

function workingOf({ note, moving }: Effects, { asked, again }: Interruption): Working {
  const told = new Set<string>()
  return {
    asked,
    again,
    silent: new Set(),
    tell: (program, seconds) => {
      if (told.has(program)) return
      told.add(program)
      note(`${program} has not answered for ${seconds} s; waiting for it${moving.moves ? ' (Ctrl-C ends that)' : ''}`)
    },
  }
}

/** What may be there still, with the commands that take it away. */
function withLeft({ code, message, hint, signal, cause }: PaudeError, left: readonly Argv[]): PaudeError {
  const programs = [...new Set(left.map(([program]) => program))].join(' and ')
  const said = code === 'interrupted' ? 'interrupted' : message
  const remedy = `once ${programs} answers: ${left.map(commandLine).join('; ')}`
  return new PaudeError(code, `${said}; ${programs} does not answer, so something may be left behind`, {
    hint: hint === '' ? remedy : `${hint}; ${remedy}`,
    signal,
    cause,
  })
}

async function carryOut(step: Exclude<Step, Last>, run: Run): Promise<void> {
  run.interruption.check()
  switch (step.kind) {
    case 'folder':
      await onDisk(step.path, async () => {
        const mode = step.mode ?? 0o700
        // Never a folder that was there before, nor a parent: another session may live in it by now.
        // Its parents are for nobody else, whatever it is for: the state folder may be among them.
        if ((await mkdir(step.path, { recursive: true, mode: 0o700 })) === undefined) return
        run.undos.push(() => removeFolder(step.path))
        // A strict umask would lock the proxy, which is another user, out of its policy.
        await chmod(step.path, mode)
      })
      return
    case 'remove':
      if (step.first !== undefined) await work(step.first, run.working)
      await onDisk(step.path, () => removeFolder(step.path))
      return
    case 'write':
      await writeWhole(step)
      return
    case 'copy':
      await writeWhole({ path: step.to, content: step.content.reveal(), mode: 0o600 })
      return
    case 'place':
      placeThings(step, run)
      return
    case 'copy-tree':
      await onDisk(step.to, async () => {
        layTree(step.to, step.leaves)
        packTree(`${step.to}.was`, step.leaves)
      })
      return
    case 'copy-context':
      await onDisk(step.to, async () => {
        const { copyContext } = await import('./build-context.ts')
        if ((await copyContext(step.from, step.to, run.interruption.check)) === step.approved) return
        throw new PaudeError('refused', `the build context ${shown(step.from)} has changed since you approved it`, {
          hint: step.hint,
        })
      })
      return
    case 'gather': {
      const { gather } = await import('./gather.ts')
      const secrets = gather(step)
      if (secrets.length > 0)
        run.effects.note(`not copied into the sandbox, since they contain a secret: ${shown(firstOf(secrets))}`)
      return
    }
    case 'snapshot': {
      const { takeSnapshot } = await import('./snapshot.ts')
      const lines = await takeSnapshot(step, run.interruption.signal).catch((error: unknown) => {
        run.interruption.check()
        throw error
      })
      for (const line of lines) run.effects.note(line)
      return
    }
    case 'lay-features': {
      run.effects.note(step.title)
      const { layFeatures } = await import('./features/lay.ts')
      await layFeatures(step, { note: run.effects.note, signal: run.interruption.signal }).catch((error: unknown) => {
        run.interruption.check()
        throw error
      })
      return
    }
    case 'exec':
      await withRescue(step.rescue, run, () => runExec(step, run))
      return
    case 'pipe':
      await runPipe(step, run)
      return
    case 'until':
      await waitUntil(step, run)
      return
    case 'together':
      await withRescue(step.rescue, run, () => runTogether(step, run))
      return
    case 'later':
      run.undos.push(step.undo)
      return
    case 'guard':
      if (await succeeds(step.unless, run)) return
      for (const inner of step.steps) if (!isLast(inner)) await carryOut(inner, run)
      return
  }
}

function placeThings({ things, undo }: Place, { undos }: Run): void {
  if (undo !== undefined) undos.push(undo)
  for (const { path, content, own = false } of things) {
    const isNew = makeInPlace(path, content)
    if (own && !isNew)
      throw new PaudeError('refused', `${shown(path)} is there already`, { hint: 'look at what made it, and start again' })
    // Not by its path: a link may stand on the way by then, and what it leads to is not ours.
    if (own) undos.push(async () => takeBackInPlace(path))
  }
}

const writeWhole = ({ path, content, mode }: Omit<Write, 'kind'>): Promise<void> =>
  onDisk(path, async () => {
    // As root a draft would take the place of a device; what a link leads to is not ours.
    if (lstatSync(path, { throwIfNoEntry: false })?.isFile() === false)
      throw new PaudeError('refused', `${shown(path)} is there and is not a regular file`, {
        hint: `look at what made it: ${commandLine(['ls', '-ld', path])}`,
      })
    const draft = `${path}.${process.pid}`
    await writeFile(draft, content, { mode })
    await chmod(draft, mode)
    await rename(draft, path)
  })

async function runExec(step: Exec, run: Run): Promise<void> {
  const { effects, undos, interruption } = run
  if (step.unless !== undefined && (await succeeds(step.unless, run))) return
  const telling = step.title === undefined ? null : tell(step.title, effects)
  const undo: Undo = step.undo ?? (() => Promise.resolve())
  undos.push(undo)
  const limit = step.most === undefined ? undefined : AbortSignal.timeout(step.most * 1000)
  const ends = [...(step.title === undefined ? [] : [interruption.signal]), ...(limit === undefined ? [] : [limit])]
  const attempt = () =>
    work(step.argv, run.working, {
      ...(step.env === undefined ? {} : { env: revealed(step.env) }),
      ...(step.stdin === undefined ? {} : { stdin: typeof step.stdin === 'string' ? step.stdin : step.stdin.reveal() }),
      ...(step.folder === undefined ? {} : { folder: step.folder }),
      ...(step.yours ? { yours: true } : {}),
      said: telling?.said,
      // A short engine call is waited for, as long as the engine answers, so that its undo finds what it made; a build is not.
      signal: ends.length === 0 ? undefined : AbortSignal.any(ends),
      takes: step.takes,
    })
  const called =
    step.call !== undefined && typeof step.stdin === 'string'
      ? await (await import('./call.ts')).call(step.call, step.stdin)
      : null
  const outcome = called ?? (step.left === undefined ? await attempt() : await untilNothingIsLeft(attempt, step.left))
  telling?.end(interruption.signal.aborted ? 'interrupted' : outcome.code === 0 ? 'done' : 'failed')
  interruption.check()
  if (outcome.silent !== undefined && interruption.asked.aborted) throw interruption.ended()
  if (outcome.code === 0 && typeof undo !== 'function') run.made.add(undo[0])
  if (outcome.code === 0 || (step.tolerant && outcome.silent === undefined)) return
  if (limit?.aborted)
    throw new PaudeError('command-failed', `no answer within ${step.most} s: ${commandLine(step.argv)}`, { hint: 'try again' })
  const error = effects.explain({ argv: step.argv, outcome })
  const words = step.log === undefined ? '' : await askLastWords(step.log)
  if (words !== '') throw new PaudeError(error.code, `${error.message}\nthe end of its output:\n${words}`, error)
  // What bears our name already is somebody else's: it is not ours to take back.
  if (error.code === 'name-taken') undos.splice(undos.lastIndexOf(undo), 1)
  // Two starts of a project may make its HOME at the same time.
  if (error.code === 'name-taken' && step.unless !== undefined && (await succeeds(step.unless, run))) return
  throw error
}

/** Whether a probe succeeds; that its engine does not answer is no answer: what is asked for may be there, and nobody may take it back. */
async function succeeds(argv: Argv, { effects, interruption, working }: Run): Promise<boolean> {
  const outcome = await question(argv, { signal: interruption.signal })
  interruption.check()
  if (outcome.code === 0) return true
  const error = effects.explain({ argv, outcome })
  if (outcome.silent !== undefined) working.silent.add(argv[0])
  if (outcome.silent !== undefined || isUnanswered(error)) throw error
  return false
}

/** Seconds between two tries to take something away: an engine may be busy with it. */
const BUSY = [0.2, 1, 3]

async function untilNothingIsLeft(attempt: () => Promise<Outcome>, ask: Argv): Promise<Outcome> {
  let outcome = await attempt()
  for (const seconds of BUSY) {
    if (outcome.code === 0 || outcome.silent !== undefined) return outcome
    const left = await question(ask, { most: ANSWER })
    // An engine that does not answer this either is not just busy.
    if (left.code !== 0) return outcome
    if (left.stdout.trim() === '') return { ...outcome, code: 0 }
    await sleep(seconds * 1000)
    outcome = await attempt()
  }
  return outcome
}

async function runPipe({ from, to, title, printed, undo }: Pipe, { effects, undos, interruption }: Run): Promise<void> {
  if (title !== undefined) effects.note(title)
  if (undo !== undefined) undos.push(undo)
  const ends = await connect(from, to, interruption.signal)
  interruption.check()
  // A source whose reader has failed ends of a broken pipe: the reader knows why, unless the engine of the source has said nothing.
  const errors = [
    { argv: to, outcome: ends.to },
    { argv: from, outcome: ends.from },
  ].flatMap((end) => (end.outcome.code === 0 ? [] : [effects.explain(end)]))
  const error = errors.find(isUnanswered) ?? errors[0]
  if (error !== undefined) throw error
  if (printed !== undefined) await writeWhole({ path: printed, content: ends.to.stdout, mode: 0o600 })
}

async function runTogether({ lanes, trailing }: Together, run: Run): Promise<void> {
  const behind = trailing === undefined ? null : runLane(trailing, run)
  behind?.catch(() => undefined) // looked at below or by the caller, never unhandled
  const ends = await Promise.allSettled(lanes.map((lane) => runLane(lane, run)))
  const failures = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason] : []))
  if (failures.length > 0) {
    await behind?.catch(() => undefined)
    throw failures.find(isMissingImage) ?? failures[0]
  }
  if (behind !== null) run.trailing.push(behind)
}

async function runLane(lane: Plan, run: Run): Promise<void> {
  for (const step of lane) if (!isLast(step)) await carryOut(step, run)
}

async function withRescue(rescue: Plan | undefined, run: Run, attempt: () => Promise<void>): Promise<void> {
  const before = run.undos.length
  try {
    await attempt()
  } catch (error) {
    if (rescue === undefined || !isMissingImage(error)) throw error
    await takeBack(run, before)
    for (const step of rescue) if (!isLast(step)) await carryOut(step, run)
    await attempt()
  }
}

const isMissingImage = (error: unknown): boolean => error instanceof PaudeError && error.code === 'image-missing'

/** Undoes everything after the first `keep`, newest first; a failing undo does not stop the others. One that is not answered is noted. */
async function takeBack(run: Run, keep: number): Promise<void> {
  const { undos, left } = run
  while (undos.length > keep) {
    const undo = undos.pop()
    if (typeof undo === 'function') await undo().catch(() => undefined)
    else if (undo !== undefined) {
      const isSilent = left.some(([program]) => program === undo[0])
      if (isSilent || !(await isAnswered(undo, run))) left.push(undo)
    }
  }
}

/** Seconds between two tries of an undo whose engine is away: an API server that starts again takes some. */
const AWAY = [1, 2, 4, 8]

/** Carries an undo out; false when its engine does not answer, also not after a while where something was made. */
async function isAnswered(undo: Argv, { effects, working, interruption, made }: Run): Promise<boolean> {
  for (const seconds of [...(made.has(undo[0]) ? AWAY : []), 0]) {
    const outcome = await work(undo, working).catch(() => null)
    if (outcome === null || outcome.code === 0) return true
    if (outcome.silent !== undefined) return false
    if (!isUnanswered(effects.explain({ argv: undo, outcome }))) return true
    if (seconds === 0 || interruption.again.aborted) return false
    if (seconds === AWAY[0]) effects.note(`${undo[0]} does not reach what it asks; paude tries again to remove what was made`)
    await sleep(seconds * 1000)
  }
  return false
}

/** Gives the agent a terminal that is held; stays with it when we are attached. */
async function runHeld(step: Hold, { effects, undos }: Run, trailing: Promise<unknown>): Promise<number> {
  trailing.catch(() => undefined) // looked at below, never unhandled
  const child = await effects.hold(step)
  if (step.keeps) undos.length = 0
  if (step.attached)
    return await runAttached({ terminal: true, child, terminate: step.terminate, timeout: step.timeout }, trailing)
  await Promise.all([child.exited, trailing])
  return 0
}
