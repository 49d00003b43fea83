import { join } from 'node:path'
import type { Conversation } from '../../agents/agent.ts'
import { need } from '../../backends/backend.ts'
import { hereOf, pickBackend } from '../../backends/pick.ts'
import type { SessionSpec } from '../../box/spec.ts'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import { type Plan, remove } from '../../plan/plan.ts'
import { execute } from '../../run/execute.ts'
import { capture } from '../../run/process.ts'
import { shown } from '../../text.ts'
import { readCloneSource } from '../../workspace/clone-source.ts'
import { gitIn } from '../../workspace/sterile-git.ts'
import type { Workspace } from '../../workspace/workspace.ts'
import { storeOf, storePlan } from '../clone/store.ts'
import type { Prepared } from '../life/prepare.ts'
import home from './home.sh' with { type: 'text' }
import type { Manifest } from './manifest.ts'
import { placesOf, type Renamed } from './places.ts'
import type { Backup } from './read.ts'
import refill from './refill.sh' with { type: 'text' }

/** A start that was decided as any other, with the workspace of a backup, and what comes into its HOME before the agent. */
export function restored(
  prepared: Prepared,
  backup: Backup,
  { kind, renamed, folder }: { readonly kind: Conversation | null; readonly renamed: Renamed; readonly folder: string },
): { readonly prepared: Prepared; readonly fill: Plan } {
  const { backend, spec, record } = prepared
  // What belongs below HOME was named before the start was decided.
  if (record.directory !== renamed.directory)
    throw new PaudeError('unsupported', 'a backup is restored in your folder or in a clone, and not in a worktree', {
      hint: 'add --workspace bind, or run paude restore in a worktree that you made',
    })
  const conversation: Plan =
    kind === null || backup.manifest.session.conversation === ''
      ? []
      : [
          {
            kind: 'pipe',
            from: ['cat', backup.home.file],
            to: need(backend, 'volumes').run(spec, homeOf(spec), {
              script: home,
              words: [spec.user.home, renamed.from, renamed.to, ...placesOf(kind, renamed.to, renamed.directory)],
              stdin: true,
              writes: true,
              name: `${spec.id}-home`,
            }),
            undo: need(backend, 'volumes').end(`${spec.id}-home`),
          },
        ]
  return { prepared: withClone(prepared, backup), fill: [...conversation, remove(folder)] }
}

const homeOf = ({ homeVolume, user, image, own }: SessionSpec) => ({
  ...{ name: homeVolume, root: user.home, image },
  ...{ uid: user.uid, gid: user.gid, selinux: own.selinux },
})

function withClone(prepared: Prepared, { manifest: { clone }, bundle }: Backup): Prepared {
  const { spec, around } = prepared
  const { transport } = spec
  if (clone === null || transport.kind !== 'volume' || around.clone === null) return prepared
  const record = { ...prepared.record, clone }
  const { root } = around.workspace
  const words = [root, record.directory, clone.branch, clone.base, around.clone.sha256 ? 'sha256' : 'sha1']
  const fill = { from: ['cat', bundle], script: refill, words, packs: '' } as const
  return {
    ...prepared,
    record,
    spec: { ...spec, transport: { ...transport, fill }, record: `${JSON.stringify(record, null, 2)}\n` },
  }
}

/** Refuses a clone that began with a commit which the project here does not have: all since then counts as work that is nowhere else. */
export async function requireBase(context: Context, workspace: Workspace, { clone }: Manifest): Promise<void> {
  if (clone === null) return
  const source = readCloneSource(workspace)
  const store = storeOf(context.host, source)
  const { backend = 'auto' } = context.flags
  const local = await pickBackend(context.host, hereOf(backend))
  await execute(storePlan(store, source), context.effects(local))
  const known = await capture(gitIn(store, ['cat-file', '-e', `${clone.base}^{commit}`]))
  if (known.code !== 0)
    throw new PaudeError('not-found', `${shown(workspace.root)} does not have commit ${clone.base}, with which the clone began`, {
      hint: 'restore in the repository that the clone was made of, or fetch that commit first',
    })
}

/** Folder for what is read of a backup, until it is in the volumes of its session. */
export const restoreFolder = (state: string): string => join(state, `restore-${crypto.randomUUID().slice(0, 8)}`)
