import { mkdirSync } from 'node:fs'
import { interrupted, PaudeError } from '../errors.ts'
import type { Host } from '../host.ts'
import type { Hold } from '../plan/plan.ts'
import { type Attached, LEFT, startBehind } from '../run/process.ts'
import { connect, type Left, lookAt, question } from './client.ts'
import { makeDropScanner } from './drop.ts'
import { endHolder, holderMark } from './end.ts'
import { makeDetachScanner, withoutSuspend } from './keys.ts'
import { socketPath } from './place.ts'
import { openWindow, windowSize } from './window.ts'

export type Held = Pick<Hold, 'id' | 'agent' | 'folder'>

/** What paude starts for itself is never only shown; empty counts as not set. */
export const ACTING = { PAUDE_DRY_RUN: '', PAUDE_PRINT_CONFIG: '' }

/**
 * A holder lives long and does little. The compiler for hot code would cost it some 7 MB; a flood of output takes two to three times as long
 * without. Told that the machine is small (in bytes) its collector comes early: 6 MB less at rest, half at the peak of a flood, 20 ms more at `attach`.
 */
export const SPARING = { BUN_JSC_useDFGJIT: '0', BUN_JSC_forceRAMSize: '20000000' }

/** Sees to it that the session has a holder; returns where it listens. */
export async function ensureHolder(
  host: Host,
  { id, folder }: Held,
  { starts = false, scrollback, keep }: { readonly starts?: boolean } & Pick<View, 'scrollback' | 'keep'>,
): Promise<string> {
  // One of an earlier start would keep the new one from holding.
  if (starts) await endHolder(holderMark(folder))
  else {
    const path = await listening(host, folder)
    if (path !== null) return path
  }
  // A session whose folder was deleted runs on, and is held again.
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const { columns, rows } = windowSize(host)
  const started = await startBehind(
    [...host.again, 'hold', ...(starts ? ['--start'] : []), `--size=${columns}x${rows}`, `--scrollback=${scrollback}`, id],
    { keep, env: { ...SPARING, ...ACTING } },
  )
  if (started.line === null)
    throw new PaudeError(
      'command-failed',
      `paude cannot start the holder of session ${id}: ${started.stderr.split('\n')[0] ?? ''}`,
      {
        hint: 'paude doctor',
      },
    )
  // Another one that has just taken the session over may still be choosing its place, and the old place may still be written down.
  for (let tries = 0; tries < 250; tries++) {
    const path = await listening(host, folder)
    if (path !== null) return path
    await Bun.sleep(20)
  }
  throw new PaudeError('command-failed', `paude cannot find the terminal of session ${id}`, { hint: `paude attach ${id}` })
}

/** Where a holder of the session listens now; null where none does. */
async function listening(host: Host, folder: string): Promise<string | null> {
  const path = socketPath(host, folder)
  const line = path === null ? null : await connect(path, { onFrame: () => undefined, onClose: () => undefined })
  line?.close()
  return line === null ? null : path
}

export type View = {
  readonly readOnly: boolean
  readonly detachKeys: string
  readonly scrollback: number
  /** What is pasted in place of a text that the user pasted in a session, null for that text; absent where nothing ever is. */
  readonly drop?: ((id: string, text: string) => string | null) | undefined
  /** Variables with secrets that a holder itself reads: whoever may read its environment reads no other there. */
  readonly keep: readonly string[]
}

/** Shows a session in this terminal until the user leaves or the agent ends. A holder that dies meanwhile is replaced. */
export async function view(
  host: Host,
  session: Held,
  { readOnly, detachKeys, scrollback, drop, keep }: View,
  leave?: (how: () => void) => void,
): Promise<Exclude<Left, { how: 'suspended' }>> {
  const window = openWindow(host)
  const dropScan = drop === undefined || readOnly ? (typed: string) => typed : makeDropScanner((text) => drop(session.id, text))
  let below = true
  try {
    for (let losses = 0; losses < 5; losses++) {
      const path = await ensureHolder(host, session, { scrollback, keep })
      const detachScan = makeDetachScanner(detachKeys)
      const left = await lookAt({
        path,
        size: () => windowSize(host),
        readOnly,
        scan: (typed) => detachScan(dropScan(typed)),
        // A command of the user's may have jobs of its own; an agent that stops in a box has no shell to bring it back.
        suspends: session.agent === 'command' ? () => null : withoutSuspend,
        paint: window.paint,
        listen: (hands) => {
          leave?.(hands.leave)
          return window.listen(hands)
        },
      })
      if (left?.how === 'suspended') {
        window.suspend()
        losses--
        continue
      }
      if (left?.how === 'ended') below = left.cut
      if (left !== null && left.how !== 'lost') return left
    }
    return { how: 'lost' }
  } finally {
    window.close(below)
  }
}

/** A plan's last step: a holder for the made agent and, attached, our terminal on it. */
export async function holdStep(
  host: Host,
  step: Hold,
  {
    detachKeys,
    scrollback,
    drop,
    keep,
    explain,
  }: Omit<View, 'readOnly'> & { readonly explain: (code: number, text: string) => PaudeError },
): Promise<Attached> {
  const path = await ensureHolder(host, step, { starts: step.starts, scrollback, keep })
  if (!step.attached) return { exited: started(path, explain), kill: () => undefined }
  let leave: () => void = () => undefined
  const looking = view(host, step, { readOnly: false, detachKeys, scrollback, drop, keep }, (how) => {
    leave = how
  })
  return {
    exited: looking.then((left) => {
      if (left.how !== 'ended') return LEFT
      if (left.failed) throw endedByKey(left.text) ? interrupted() : explain(left.code, left.text)
      return left.code
    }),
    kill: () => leave(),
  }
}

/** Whether Ctrl-C came before the client had the terminal to itself: the terminal echoed it, and the client gave up with words of its engine. */
export const endedByKey = (text: string): boolean => /(^|\n|\r)\^C/.test(text)

/** Waits until the agent runs, or throws what the engine said when it does not. */
async function started(path: string, explain: (code: number, text: string) => PaudeError): Promise<number> {
  const answer = await question(path, { ask: 'started' })
  if (answer === null || answer === '') return 0
  const { code, text } = JSON.parse(answer) as { code: number; text: string }
  throw explain(code, text)
}
