import { symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import { findProgram, type Host } from '../../host.ts'
import { commandLine } from '../../plan/shell.ts'
import { printable, shown } from '../../text.ts'
import { readGit } from '../../workspace/git.ts'
import { addRemote, lookForRemote, type OwnRemote, removeRemote } from '../../workspace/own-remote.ts'
import { realPath } from '../../workspace/paths.ts'
import type { Found } from '../record/found.ts'
import type { SessionRecord } from '../record/record.ts'
import { requireClone } from './inside.ts'
import { branchOf, refOf, remoteOf } from './names.ts'

/** The program that git looks for: paude by another name. */
export const HELPER = 'git-remote-paude'

/** By id, since another session may get the name. */
function remoteFor(record: Pick<SessionRecord, 'id' | 'name'>): OwnRemote {
  const branch = branchOf(record)
  const fetches = [`+refs/heads/${branch}:${refOf(record, branch)}`, `+refs/heads/*:refs/remotes/${remoteOf(record)}/*`]
  return { name: remoteOf(record), url: `paude::${record.id}`, fetches }
}

/** Makes a session's clone a remote of the repository it came from. Returns its name. */
export function addCloneRemote({ host, note }: Context, found: Found): string {
  const { record } = found
  requireClone(found)
  const { git } = readGit(record.workspace, host)
  if (git === null)
    throw new PaudeError('not-found', `${shown(record.workspace)} is not a git repository now`, { hint: 'cd into the project' })
  const remote = remoteFor(record)
  const there = lookForRemote(git, remote)
  if (there === 'foreign')
    throw new PaudeError('refused', `the repository has a remote ${remote.name} already`, {
      hint: `git remote rename ${remote.name} OTHER`,
    })
  if (there === 'none') addRemote(git, remote)
  const link = helperLink(host)
  if (link !== null) note(link)
  return remote.name
}

/** Takes the remote of a session away. What git fetched through it stays. */
export function removeCloneRemote({ host }: Pick<Context, 'host'>, record: SessionRecord): boolean {
  const { git } = record.clone === undefined ? { git: null } : readGit(record.workspace, host)
  return git !== null && removeRemote(git, remoteFor(record))
}

/** The same for a session that is gone: what stands in its way is said, and keeps nothing else from its end. */
export function dropCloneRemote(context: Pick<Context, 'host' | 'note'>, record: SessionRecord): void {
  try {
    removeCloneRemote(context, record)
  } catch (error) {
    const name = remoteOf(record)
    context.note(`the remote ${name} stays: ${printable((error as Error).message)}; git remote remove ${name} takes it away`)
  }
}

/** Makes the name beside paude by which git finds it. Returns what you have to know or do; null where nothing was missing. */
function helperLink(host: Host): string | null {
  const there = findProgram(host, HELPER)
  if (there !== null && realPath(there) === realPath(host.self)) return null
  if (there !== null)
    throw new PaudeError('refused', `${shown(there)} is not this paude, and git would run it`, { hint: `rm ${shown(there)}` })
  const own = findProgram(host, 'paude')
  const self = host.again.length === 1 && own !== null && realPath(own) === realPath(host.self) ? own : null
  if (self === null)
    return `git finds paude once ${HELPER} is on your PATH: ${commandLine(['ln', '-s', host.self, `/usr/local/bin/${HELPER}`])}`
  const link = join(dirname(self), HELPER)
  try {
    symlinkSync(self, link)
    return `made ${shown(link)}, by which git finds paude`
  } catch {
    return `git finds paude once this is done: sudo ${commandLine(['ln', '-s', self, link])}`
  }
}
