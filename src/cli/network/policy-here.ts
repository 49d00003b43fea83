import type { Agent } from '../../agents/agent.ts'
import { agentCredentials, agentNeeds, furtherNeeds } from '../../agents/models.ts'
import { agentOf } from '../../agents/registry.ts'
import type { Config } from '../../config/keys/settings.ts'
import type { Context } from '../../context.ts'
import { bindingsOf } from '../../credentials/host-credential.ts'
import { PaudeError } from '../../errors.ts'
import type { Policy } from '../../network/allow.ts'
import { parseAllow } from '../../network/pattern.ts'
import { revisionOf } from '../../network/revision.ts'
import type { SessionRecord } from '../../session/record/record.ts'
import { credentialSource } from '../../session/resolve/credential-source.ts'
import { wantedCredentials } from '../../session/resolve/host-credentials.ts'
import { missingCredential } from '../../session/resolve/missing-credential.ts'
import { policyNow, startPolicy } from '../../session/resolve/policy.ts'
import { withProvider } from '../../session/resolve/provider.ts'
import { carryToEnd } from '../../session/wall/take-up.ts'
import { withoutNetwork } from '../../session/wall/without-network.ts'
import { shown } from '../../text.ts'
import { configHere } from '../config/config-here.ts'
import { trustCommand } from '../config/start-config.ts'
import { sessionOrStart } from './session-or-start.ts'

/** The policy that is asked about. */
export type Asked = { readonly record: SessionRecord | null; readonly policy: Policy & { readonly revision: string } }

/** That of a session now; where none is named and none belongs to this directory, that of a start here. */
export async function policyHere(context: Context, word: string | undefined): Promise<Asked> {
  const found = await sessionOrStart(context, word, { has: 'policy', command: 'paude network list' })
  const record = found === null ? null : (await carryToEnd(context, found)).record
  if (record?.network === 'none') throw withoutNetwork(record.id)
  if (record !== null) return { record, policy: policyNow(record, Date.now() / 1000) }
  const policy = await policyOfStart(context)
  context.note('no session belongs to this directory; this is the policy of a start here')
  return { record: null, policy }
}

async function policyOfStart(context: Context): Promise<Asked['policy']> {
  const { config, open, fault } = await configHere(context)
  if (fault !== null) throw fault
  for (const { file } of open)
    context.warn(`${shown(file.file)} is not trusted, so its loosening is not shown; ${trustCommand(config)}`)
  if (config.settings.network === 'none')
    throw new PaudeError('unsupported', 'a start here has no network', {
      hint: 'paude config show --origin',
    })
  const host = await withProvider(context.host, config, 'look')
  const agent = placedAgent(context, config)
  const credentials = agentCredentials(agent, host)
  const lack = missingCredential(context.host, agent, { words: [], config })
  const refused = lack !== null && credentialSource(context.host, config, Date.now()).source !== 'inside'
  if (refused) context.note(`a start here needs a credential: ${lack.ways}`)
  // With a credential nobody logs in inside the box.
  const needs = agentNeeds(agent, host, credentials).filter(
    (need) => !refused || agent.providers.every(({ login }) => !login.includes(need)),
  )
  const policy = startPolicy(config, {
    session: '',
    needed: [...needs, ...furtherNeeds(agent)].map((one) => parseAllow(one.host, one.why)),
    injections: [
      ...credentials.map(({ injection }) => ({ ...injection, way: config.settings.inject })),
      ...wantedCredentials(config, agent.name).flatMap((one) => bindingsOf(one).injections),
    ],
  })
  return { ...policy, revision: revisionOf(policy) }
}

/** The agent of a start; without its provider where nobody can tell where that is, which is said. */
function placedAgent(context: Context, { settings, serviceFault }: Config): Agent {
  const agent = agentOf(settings)
  if (serviceFault === undefined) return agent
  context.warn(`a start here is refused: ${serviceFault.message}; its provider is left out here`)
  return { ...agent, providers: [] }
}
