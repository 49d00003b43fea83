import type { Agent, Opening } from '../../agents/agent.ts'
import { startCommand } from '../../agents/command.ts'
import { asksSomething } from '../../agents/words.ts'
import { SECCOMP_FILE, SECCOMP_PROFILE } from '../../box/seccomp.ts'
import { copiedOf, mountsOf, type SessionSpec, shadowedOf } from '../../box/spec.ts'
import { commandLine } from '../../plan/shell.ts'
import entry from './entry.sh' with { type: 'text' }
import { resolveEnvironment } from './environment.ts'
import { lifecycleScript } from './lifecycle.ts'
import { mountCheck } from './mount-check.ts'
import type { Decided, Wish } from './wish.ts'

/** Files of the seed folder by name: what the entry script runs, and what the system in the box reads. */
export function seedFiles(wish: Wish, decided: Decided, user: SessionSpec['user']): Readonly<Record<string, string>> {
  const { host, agent, run, config, around } = wish
  const { workspace, imported, extensions } = around
  const { mode } = decided.network
  const opening: Opening = { conversation: decided.conversation, continues: decided.streams.terminal }
  const command =
    run.kind === 'command'
      ? `set -- ${commandLine(run.argv)}\n`
      : startCommand(agent, run.words, {
          ...opening,
          origin: run.origin,
          more: imported === null ? [] : importWords(agent, run.words),
        })
  // One command in a box is no session: it has the variables alone.
  const { settings } = config
  const lifecycle = [
    ...settings.workspaceLinks,
    ...settings.lifecycle.filter(({ kind }) => kind === 'export' || run.kind === 'agent'),
  ]
  return {
    'entry.sh': entry,
    'command.sh': command,
    [SECCOMP_FILE]: SECCOMP_PROFILE,
    // Elsewhere the engine is a machine of its own, with inodes of its own.
    ...(host.platform === 'linux' ? { 'mounts.sh': mountCheck(mountsOf(decided), standingsOf(decided)) } : {}),
    ...(imported === null ? {} : { imported: `${imported.gather.name}\n` }),
    ...(lifecycle.length > 0 ? { 'lifecycle.sh': lifecycleScript({ ...settings, lifecycle }) } : {}),
    passwd: passwd(user),
    group: group(user),
    'resolv.conf': '',
    hosts: '127.0.0.1 localhost paude\n::1 localhost\n',
    ...(run.kind === 'agent'
      ? {
          'home.list': Object.entries(agent.home)
            .map(([place, name]) => `${name} ${place}\n`)
            .join(''),
          ...agent.seed({
            directory: workspace.root,
            restricted: mode === 'restricted' || mode === 'ask' || mode === 'record',
            screen: opening.continues,
            shadowed: shadowedOf(decided.transport).length > 0,
            address: addressIn(agent, resolveEnvironment(wish, decided, user.home)),
            policy: extensions,
          }),
        }
      : {}),
  }
}

/** Only a question to a model needs them. */
const importWords = ({ imports, grammar }: Agent, words: readonly string[]): readonly string[] =>
  imports !== null && asksSomething(grammar, words) ? imports.words(words) : []

/** What the box compares besides its mounts. */
const standingsOf = ({ transport, standIns, overlays }: Decided): Parameters<typeof mountCheck>[1] => ({
  copies: copiedOf(transport),
  shadows: shadowedOf(transport),
  standIns,
  overlays,
})

/** Where the box finds the models of the agent's first provider. */
const addressIn = ({ providers: [provider] }: Agent, environment: Readonly<Record<string, string>>): string =>
  provider === undefined ? '' : (environment[provider.address.variable] ?? provider.address.usual)

/** Tools such as ssh refuse to work for a uid that has no name. */
function passwd({ uid, gid, home }: SessionSpec['user']): string {
  const rows = [
    uid === 0 ? '' : 'root:x:0:0:root:/root:/bin/sh\n',
    `${uid === 0 ? 'root' : 'agent'}:x:${uid}:${gid}:agent:${home}:/bin/bash\n`,
    'nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n',
  ]
  return rows.join('')
}

function group({ gid }: SessionSpec['user']): string {
  return [gid === 0 ? '' : 'root:x:0:\n', `${gid === 0 ? 'root' : 'agent'}:x:${gid}:\n`, 'nogroup:x:65534:\n'].join('')
}
