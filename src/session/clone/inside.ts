import { need } from '../../backends/backend.ts'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import { isHeld, readHoldState } from '../../hold/place.ts'
import type { Argv } from '../../plan/plan.ts'
import { ask, refusedIsNull } from '../../run/ask.ts'
import { capture } from '../../run/process.ts'
import { isPausedByAlarm } from '../record/alarm.ts'
import type { Found } from '../record/found.ts'
import type { SessionRecord } from '../record/record.ts'

export type Clone = NonNullable<SessionRecord['clone']> & { readonly volume: NonNullable<SessionRecord['volume']> }

/** The clone that a session works in, or a refusal: any other session has your files themselves. */
export function requireClone({ record }: Pick<Found, 'record'>): Clone {
  const { clone, volume } = record
  if (clone !== undefined && volume !== undefined) return { ...clone, volume }
  if (volume !== undefined)
    throw new PaudeError('refused', `session ${record.id} has an empty folder and not a clone`, {
      hint: `paude exec ${record.id} -- tar -cf - . brings what it holds`,
    })
  throw new PaudeError('refused', `session ${record.id} works in your own folder, so there is nothing to bring back`, {
    hint: 'git log and git diff show it; paude --workspace clone starts a session in a clone',
  })
}

/** The same for what is brought into it: a session in your own folder has your files as they are. */
export function requireSyncable({ record }: Pick<Found, 'record'>): Pick<SessionRecord, 'id'> & { readonly clone: Clone } {
  const { id, volume, version } = record
  if (volume !== undefined) return { id, clone: requireClone({ record }) }
  // Of one that its labels alone tell of.
  if (version === '')
    throw new PaudeError(
      'refused',
      `this machine has no record of session ${id}, so paude cannot tell what its clone began with`,
      {
        hint: `paude cp FILE ${id}:PATH`,
      },
    )
  throw new PaudeError('refused', `session ${id} works in your own folder, so there is nothing to sync`, {
    hint: 'it sees each change of yours at once',
  })
}

/** A script where a clone is: its session's box while that runs, else a helper without network. */
export type Inside = (
  script: string,
  words: readonly string[],
  does?: {
    /** Whether it changes the clone, and whether it reads stdin. */
    readonly writes?: true
    readonly stdin?: true
    /** Ends the helper, which the end of its client does not. */
    readonly signal?: AbortSignal
  },
) => Argv

/** `believes`: a living holder that says that its agent runs is enough, so the engine need not be asked. */
export async function insideOf(
  context: Context,
  { backend, handle, record }: Found,
  { believes = false }: { readonly believes?: boolean } = {},
): Promise<Inside> {
  const { volume } = requireClone({ record })
  const held = believes ? readHoldState(handle.folder) : null
  const isKnown = isHeld(held) && held?.code === null && !isPausedByAlarm(handle.folder)
  const state = isKnown
    ? { status: 'running' }
    : await ask(backend.life.state(handle), context.effects(backend)).catch(refusedIsNull)
  if (state?.status === 'paused')
    throw new PaudeError('refused', `session ${record.id} is paused, so paude cannot read its clone`, {
      hint: `paude stop ${record.id}`,
    })
  const runs = state?.status === 'running'
  return (script, words, { signal, ...does } = {}) => {
    if (runs)
      return need(backend, 'inside').exec(handle, ['/bin/sh', '-c', script, 'sh', volume.root, ...words], {
        part: 'agent',
        terminal: false,
        stdin: does.stdin === true,
        folder: volume.root,
      })
    const { run, end } = need(backend, 'volumes')
    const name = `${record.id}-look-${crypto.randomUUID().slice(0, 8)}`
    signal?.addEventListener('abort', () => {
      // A wait that came to its end is told so, too.
      if (signal.reason?.name !== 'AbortError') void capture(end(name)).catch(() => undefined)
    })
    return run(handle, volume, { script, words: [volume.root, ...words], ...does, name })
  }
}
