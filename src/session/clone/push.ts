import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import { execute } from '../../run/execute.ts'
import { patiently } from '../../run/patience.ts'
import { capture, connect } from '../../run/process.ts'
import { printableOutput } from '../../text.ts'
import { readCloneSource } from '../../workspace/clone-source.ts'
import { readGit } from '../../workspace/git.ts'
import { gitIn, inStore } from '../../workspace/sterile-git.ts'
import type { Found } from '../record/found.ts'
import { insideOf, requireClone } from './inside.ts'
import { storeOf, storePlan } from './store.ts'
import script from './take.sh' with { type: 'text' }

/** Seconds that one push may last. */
const PATIENCE = 30 * 60

/** Sends what, as a branch of the user's, to whom: the packs of all that the clone did not begin with. */
const SEND = 'printf "%s\\n" "$@" | "$0" pack-objects --revs --stdout --thin --delta-base-offset -q'

/** Brings the commit that the project is on into a clone, as host/BRANCH. Returns that name and the commit. */
export async function pushToSession(context: Context, found: Found): Promise<{ readonly ref: string; readonly commit: string }> {
  const { record } = found
  const { base } = requireClone(found)
  const { git } = readGit(record.workspace, context.host)
  const source = readCloneSource({ root: record.workspace, git })
  const store = storeOf(context.host, source)
  await execute(storePlan(store, source), context.effects(found.backend))
  const knows = await capture(gitIn(store, ['cat-file', '-e', `${base}^{commit}`]))
  const not = knows.code === 0 ? [`^${base}`] : []
  const sent = inStore(store, ['/bin/sh', '-c', SEND, store.git, source.commit, ...not])
  const inside = await insideOf(context, found)
  const branch = source.branch || 'HEAD'
  const { from, to } = await patiently(PATIENCE, (signal) =>
    connect(sent, inside(script, [branch, source.commit], { writes: true, stdin: true, signal }), signal),
  )
  const failed = to.code !== 0 ? to : from
  if (failed.code !== 0)
    throw new PaudeError(
      'command-failed',
      `the clone of session ${record.id} did not take it: ${printableOutput(failed.stderr).trim().split('\n').at(-1)?.slice(0, 300)}`,
      { hint: `paude exec ${record.id} -- git status` },
    )
  return { ref: `host/${branch}`, commit: source.commit }
}
