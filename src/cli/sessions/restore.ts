import { randomUUID } from 'node:crypto'
import { closeSync, constants, createReadStream, fstatSync, mkdirSync, openSync, rmSync } from 'node:fs'
import { resolve } from 'node:path'
import { agents } from '../../agents/registry.ts'
import { namesConversation } from '../../agents/words.ts'
import type { Layer } from '../../config/keys/settings.ts'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import { parseDeny, portEntries } from '../../network/pattern.ts'
import type { Manifest } from '../../session/backup/manifest.ts'
import { placeIn, type Renamed } from '../../session/backup/places.ts'
import { requireBase, restored, restoreFolder } from '../../session/backup/put.ts'
import { type Backup, readBackup } from '../../session/backup/read.ts'
import type { Prepared } from '../../session/life/prepare.ts'
import { checkedName } from '../../session/record/id.ts'
import { readRecords } from '../../session/record/store.ts'
import { requirePrivate, stateFolder } from '../../state.ts'
import { firstOf, shown } from '../../text.ts'
import { findWorkspace } from '../../workspace/workspace.ts'
import { COPIES } from '../front-flags.ts'
import { startSession } from '../start/start.ts'
import { verb } from '../verb.ts'

export default verb({
  description: 'Start a session from a backup',
  details:
    'It gets a new id and goes on with the conversation, in this directory and under the configuration that holds here: nothing in the file allows anything.',
  caller: 'agent',
  front: COPIES,
  starts: true,
  examples: [
    ['paude restore fix-login.paude', 'in the project of this directory'],
    ['paude restore --detach fix-login.paude', 'in the background; then paude attach'],
    ['paude restore - <fix-login.paude', 'from a stream, in the background'],
  ],
  args: {
    file: { type: 'positional', required: true, description: 'Backup, or - for stdin', offers: 'files' },
    words: { type: 'positional', rest: true, description: 'Arguments of the agent' },
  },
  async run(context, given) {
    const { host } = context
    requirePrivate(host)
    const workspace = findWorkspace(host, { force: true })
    const folder = restoreFolder(stateFolder(host))
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    try {
      const to = randomUUID()
      const directories = { none: workspace.root, bind: workspace.directory, clone: workspace.directory }
      const renamedOf = ({ session }: Manifest): Renamed => ({
        from: session.conversation,
        to,
        directory: directories[session.mode],
      })
      const backup = await read(given.file, host.cwd, {
        folder,
        owner: host,
        place: (name, manifest) => {
          const kind = agents[manifest.session.agent].conversation
          return kind === null ? null : placeIn(kind, name, renamedOf(manifest))
        },
      })
      const { manifest } = backup
      const { conversation: kind, grammar } = agents[manifest.session.agent]
      const named = namesConversation(grammar, given.words)
      if (named !== '')
        throw new PaudeError('usage', `paude restore chooses the conversation itself, found ${named}`, { hint: 'leave it out' })
      await requireBase(context, workspace, manifest)
      tellBefore(context, manifest, workspace.root)
      const words = kind === null || manifest.session.conversation === '' ? given.words : [...kind.again(to), ...given.words]
      return await startSession(context, {
        run: { kind: 'agent', words },
        flags: flagsOf(context, manifest, given.file === '-'),
        restore: (prepared) => {
          tellReach(context, prepared, backup)
          return restored(prepared, backup, { kind, renamed: renamedOf(manifest), folder })
        },
      })
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  },
})

async function read(text: string, cwd: string, how: Parameters<typeof readBackup>[1]): Promise<Backup> {
  if (text === '-') return await readBackup(Bun.stdin.stream(), how)
  const path = resolve(cwd, text)
  let file: number
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (cause) {
    const { code = '' } = cause as { code?: string }
    throw new PaudeError('not-found', `cannot read ${shown(path)} (${code})`, {
      hint: 'name a file that paude backup wrote',
      cause,
    })
  }
  try {
    if (!fstatSync(file).isFile())
      throw new PaudeError('refused', `${shown(path)} is not a plain file`, { hint: 'name a file that paude backup wrote' })
    return await readBackup(createReadStream('', { fd: file, autoClose: false }), how)
  } finally {
    closeSync(file)
  }
}

/** What of a backup counts as if you had typed it: only what restricts. Everything else is decided as for any start. */
function flagsOf({ flags, host }: Context, { session, policy }: Manifest, fromStdin: boolean): Layer {
  for (const entry of policy.deny) parseDeny(entry, '')
  return {
    ...flags,
    agent: session.agent,
    ...(fromStdin ? { detach: true } : {}),
    ...(flags.sessionName === undefined && isFree(host, session.name) ? { sessionName: session.name } : {}),
    ...(session.mode === 'bind' ? {} : { workspaceMode: modeFor(flags, session.mode), dirty: 'false' as const }),
    ...(policy.network === 'none' && flags.network === undefined ? { network: 'none' as const } : {}),
    ...(policy.deny.length === 0 ? {} : { networkDeny: [...(flags.networkDeny ?? []), ...policy.deny] }),
  }
}

function modeFor({ workspaceMode }: Layer, mode: 'clone' | 'none'): 'clone' | 'none' {
  if (workspaceMode !== undefined && workspaceMode !== mode)
    throw new PaudeError(
      'usage',
      `--workspace ${workspaceMode} and a backup of a session with --workspace ${mode} cannot be combined`,
      {
        hint: 'leave --workspace out',
      },
    )
  return mode
}

/** A name that is taken, or none, stays away: the session has its id. */
function isFree(host: Context['host'], name: string): boolean {
  try {
    return name !== '' && checkedName(name) === name && readRecords(host).every((record) => record.name !== name)
  } catch {
    return false
  }
}

function tellBefore({ note }: Pick<Context, 'note'>, { session, made }: Manifest, root: string): void {
  note(`restoring session ${shown(session.name || session.id)} of ${made}`)
  if (session.workspace !== root) note(`it was made in ${shown(session.workspace)}, and goes on in ${shown(root)}`)
  if (session.conversation === '') note('the backup has no conversation, so a new one begins')
}

/** What it could reach before and cannot now: you may allow it, the file may not. */
function tellReach({ note }: Pick<Context, 'note'>, { spec: { network } }: Prepared, { manifest: { policy } }: Backup): void {
  const now = network.mode === 'none' ? [] : network.policy.allow.flatMap(portEntries)
  const lost = policy.allow.filter((entry) => !now.includes(entry))
  if (lost.length > 0 && network.mode !== 'open')
    note(`the session of the backup could also reach ${firstOf(lost.map(shown))}; to allow it again, use --network-allow`)
}
