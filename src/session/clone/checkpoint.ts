import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import { isHeld, readHoldState } from '../../hold/place.ts'
import { patiently } from '../../run/patience.ts'
import { capture } from '../../run/process.ts'
import { printableOutput, shown } from '../../text.ts'
import { isObjectName, isRefName } from '../../workspace/ref-name.ts'
import { runs } from '../copy/box.ts'
import type { Found } from '../record/found.ts'
import make from './checkpoint.sh' with { type: 'text' }
import list from './checkpoints.sh' with { type: 'text' }
import { insideOf, requireClone } from './inside.ts'

import back from './rollback.sh' with { type: 'text' }
import wholeIndex from './whole-index.sh' with { type: 'text' }

/** What a clone held at a moment. All of it is the sandbox's word. */
export type Checkpoint = {
  readonly name: string
  /** ISO time. */
  readonly made: string
  readonly commit: string
  /** Branch that it was on; '' for none. */
  readonly branch: string
}

/** Seconds that one of these may last, and characters that are read of what a clone says. */
const PATIENCE = 10 * 60
const MOST = 1024 ** 2

const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,60}$/

/** By the moment, where nobody gives a name. */
export const momentName = (now: Date): string =>
  now
    .toISOString()
    .replace(/\.\d+Z$/, '')
    .replace(/:/g, '')
    .replace('T', '-')

/** Names what a clone holds now. */
export async function makeCheckpoint(context: Context, found: Found, name: string): Promise<string> {
  requireName(name)
  const { code, stdout, stderr } = await runInClone(context, found, { script: wholeIndex + make, words: [name], writes: true })
  if (code === 66)
    throw new PaudeError('name-taken', `session ${found.record.id} has a checkpoint ${name} already`, {
      hint: `paude checkpoints ${found.record.id}`,
    })
  const commit = /^made ([0-9a-f]+)$/m.exec(stdout)?.[1] ?? ''
  if (code !== 0 || !isObjectName(commit)) throw failed(found, 'make a checkpoint of', stderr)
  return commit
}

/** The checkpoints of a clone, the newest first. */
export async function listCheckpoints(context: Context, found: Found): Promise<readonly Checkpoint[]> {
  const { code, stdout, stderr } = await runInClone(context, found, { script: list, words: [], writes: false })
  const lines = stdout.split('\n')
  if (code !== 0 || !lines.includes('end')) throw failed(found, 'read', stderr)
  return readCheckpoints(lines)
}

/** Pure: what is none is passed over. */
export const readCheckpoints = (lines: readonly string[]): readonly Checkpoint[] =>
  lines.flatMap((line) => {
    const [, seconds = '', commit = '', name = '', ref = ''] =
      /^checkpoint (\d{1,11}) ([0-9a-f]{40,64}) (\S+) on ?(\S*)$/.exec(line) ?? []
    const branch = ref.replace(/^refs\/heads\//, '')
    if (!NAME.test(name) || !isObjectName(commit) || (branch !== '' && !isRefName(branch))) return []
    return [{ name, commit, branch, made: new Date(Number(seconds) * 1000).toISOString() }]
  })

/** Makes a clone what it was at a checkpoint; what it is now becomes one first. Returns the name of that. */
export async function rollBack(
  context: Context,
  found: Found,
  { name, force, now }: { readonly name: string; readonly force: boolean; readonly now: Date },
): Promise<string> {
  requireName(name)
  if (!force) await requireIdle(context, found)
  const all = await listCheckpoints(context, found)
  if (all.every((one) => one.name !== name))
    throw new PaudeError('not-found', `session ${found.record.id} has no checkpoint ${name}`, {
      hint: `paude checkpoints ${found.record.id}`,
    })
  const before = `before-${momentName(now)}`
  await makeCheckpoint(context, found, before)
  const { code, stdout, stderr } = await runInClone(context, found, { script: wholeIndex + back, words: [name], writes: true })
  if (code !== 0 || !stdout.split('\n').includes('done')) throw failed(found, `roll back to ${name}`, stderr)
  return before
}

/** An agent that writes meanwhile would leave a mixture of both. */
async function requireIdle(context: Context, found: Found): Promise<void> {
  if (!(await runs(context, found))) return
  const state = readHoldState(found.handle.folder)
  if (isHeld(state) && ['idle', 'done', 'error'].includes(state?.activity ?? '')) return
  throw new PaudeError('refused', `the agent of session ${found.record.id} may be at work in the clone`, {
    hint: `paude stop ${found.record.id} first, or use --force`,
  })
}

type Run = { readonly script: string; readonly words: readonly string[]; readonly writes: boolean }

async function runInClone(context: Context, found: Found, { script, words, writes }: Run) {
  requireClone(found)
  const inside = await insideOf(context, found)
  return await patiently(PATIENCE, (signal) =>
    capture(inside(script, words, { ...(writes ? { writes } : {}), signal }), { most: MOST, signal }),
  )
}

function requireName(name: string): void {
  if (!NAME.test(name))
    throw new PaudeError('usage', `invalid checkpoint name ${shown(name)}`, {
      hint: 'use up to 61 letters, digits, - and _, like before-refactoring',
    })
}

const failed = ({ record: { id } }: Found, what: string, stderr: string): PaudeError =>
  new PaudeError(
    'command-failed',
    `paude cannot ${what} the clone of session ${id}: ${printableOutput(stderr).trim().split('\n').at(-1)?.slice(0, 300) || 'git failed'}`,
    { hint: `paude exec ${id} -- git status` },
  )
