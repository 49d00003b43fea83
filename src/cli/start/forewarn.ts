import { pathsIn } from '../../agents/words.ts'
import { mountsOf } from '../../box/spec.ts'
import type { Context } from '../../context.ts'
import type { Prepared } from '../../session/life/prepare.ts'
import { credentialNotes } from '../../session/resolve/host-credentials.ts'
import { lowered } from '../../session/resolve/lowered.ts'
import { obstacles } from '../../session/resolve/obstacles.ts'
import { outside } from '../../session/resolve/outside.ts'
import { tokenWarning, weakening } from '../../session/resolve/security.ts'
import { unsetReferences, unsetVariables } from '../../session/resolve/variables.ts'
import { printable } from '../../text.ts'

/** Says before a start what the user should know of it. */
export function forewarn({ host, note, warn }: Context, prepared: Prepared): void {
  const { agent, around, config, run, spec, record } = prepared
  const { settings, origins } = config
  const named = run.kind === 'agent' ? pathsIn(agent.grammar, run.words) : []
  const { root } = around.workspace
  const seen = [...(spec.transport.kind === 'bind' ? [] : [{ source: root, target: root, readOnly: false }]), ...mountsOf(spec)]
  const notes = spec.transport.kind === 'bind' ? around.workspace.notes : (around.clone?.notes ?? [])
  const mounted = [
    ...around.repos.map(({ workspace }) => workspace),
    ...around.mounts.flatMap(({ guards }) => guards ?? []),
  ].flatMap((one) => one.notes)
  const credentialed = credentialNotes(host, config, run.kind === 'agent' ? agent.name : '')
  for (const line of [
    ...notes,
    ...mounted,
    ...outside(named, host, seen),
    ...unsetReferences(settings, host.env),
    ...credentialed,
  ])
    note(line)
  for (const line of unsetVariables(settings.env, host)) warn(line)
  if (run.kind === 'agent')
    for (const line of obstacles({ agent, words: run.words, config, host: prepared.host, spec, record })) warn(printable(line))
  if (settings.network === 'open') warn('the network is open: the agent can reach every host this machine can')
  if (settings.network === 'record')
    warn(
      'record mode: the agent can reach every public host; only private, loopback, link-local and metadata addresses are blocked',
    )
  const { given, security } = lowered(prepared.backend, config)
  for (const line of given) note(line)
  // What only the backend gives up is said above.
  const weaker = weakening(
    given.length > 0 && security.seccomp === 'engine' ? { ...spec.security, seccomp: 'default' } : spec.security,
    origins,
  )
  if (weaker !== null) warn(weaker)
  const token = tokenWarning(record.account)
  if (token !== null) warn(token)
  const ports = record.network === 'none' ? [] : (record.forwardPorts ?? [])
  if (ports.length > 0)
    note(
      `forwardPorts ${ports.join(', ')}: to use ${ports.length === 1 ? 'it' : 'them'} on this machine: paude forward ${spec.id}`,
    )
}
