import type { Agent } from '../../agents/agent.ts'
import type { Context } from '../../context.ts'
import { keptText } from '../../login/kept.ts'
import { type CredentialSource, credentialSource } from '../../session/resolve/credential-source.ts'
import { shown } from '../../text.ts'
import { configHere } from '../config/config-here.ts'

export type LoginStatus = CredentialSource & { readonly agent: string }

export async function loginStatus(context: Context, agent: Agent): Promise<LoginStatus> {
  const { config } = await configHere({ ...context, flags: { ...context.flags, agent: agent.name } })
  return { agent: agent.name, ...credentialSource(context.host, config, Date.now()) }
}

export function statusText({ agent, source, name, fault, kept }: LoginStatus, now: number): string {
  const unused =
    kept === null || source === 'login' ? '' : `\n  not used here: ${keptText(kept, now)}, for ${shown(kept.address)}`
  return `${agent}: ${sourceText({ source, name, fault })}${unused}`
}

function sourceText({ source, name, fault }: Pick<LoginStatus, 'source' | 'name' | 'fault'>): string {
  switch (source) {
    case 'environment':
      return `${name} of your environment`
    case 'configuration':
      return `${shown(name)} of your configuration${fault === '' ? '' : `; ${shown(fault)}`}`
    case 'login':
      return name
    case 'inside':
      return 'login inside the sandbox, for this project only'
    case 'none':
      return 'none: paude login'
  }
}
