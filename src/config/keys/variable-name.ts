import { KEPT_OUTSIDE } from '../../credentials/outside.ts'
import type { Reference } from '../../credentials/source.ts'
import { PaudeError } from '../../errors.ts'
import { STEERS_CLIENT } from '../../run/client-variables.ts'
import { quoted } from '../../text.ts'
import { callersIn } from './placeholders.ts'

/** What makes the box a box. */
const OURS = /^(PAUDE_.*|HTTPS?_PROXY|https?_proxy|ALL_PROXY|all_proxy|NO_PROXY|no_proxy)$/

/** Refuses what no variable is called, and what is not the user's to set in the box. */
export function requireVariableName(name: string): void {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
    throw new PaudeError('usage', `invalid variable name ${quoted(name)}`, {
      hint: 'write NAME or NAME=VALUE; a name has letters, digits and _, and does not begin with a digit',
    })
  if (OURS.test(name))
    throw new PaudeError('refused', `${name} is set by paude in the sandbox`, {
      hint: 'leave it out; to reach another host: paude network allow HOST',
    })
  if (KEPT_OUTSIDE.includes(name))
    throw new PaudeError('refused', `${name} stays outside the sandbox`, {
      hint: `export ${name} before you run paude: the proxy adds it on the way to the provider`,
    })
}

/** Reads `NAME=VALUE`, or `NAME` without a value. */
export function readEntry(entry: string): { readonly name: string; readonly value: string | undefined } {
  const at = entry.indexOf('=')
  const [name, value] = at === -1 ? [entry, undefined] : [entry.slice(0, at), entry.slice(at + 1)]
  requireVariableName(name)
  if (value?.includes('\0'))
    throw new PaudeError('usage', `the value of ${name} contains a NUL byte`, { hint: 'remove the NUL byte' })
  return { name, value }
}

/** Refuses a reference by a name that is not the user's, and one to what stays outside the box. */
export function requireReference({ name, source }: Reference): void {
  requireVariableName(name)
  if (STEERS_CLIENT.test(name))
    throw new PaudeError('refused', `env.${name}: the engine's client obeys ${name} itself, so it cannot carry a secret`, {
      hint: 'give it another name',
    })
  const named = typeof source === 'object' && 'template' in source ? callersIn(source.template) : []
  const kept = KEPT_OUTSIDE.find((outside) => source === `env:${outside}` || named.includes(outside))
  if (kept !== undefined)
    throw new PaudeError('refused', `env.${name}: ${kept} stays outside the sandbox, under every name`, {
      hint: `leave env.${name} out: the proxy adds the credential on the way to the provider`,
    })
}

/** Refuses to hand the provider's credential to another proxy. */
export function refuseProviderLogin(source: string): void {
  const kept = KEPT_OUTSIDE.find((name) => source === `env:${name}`)
  if (kept !== undefined)
    throw new PaudeError(
      'refused',
      `network.upstream_credentials: ${kept} is the credential of the provider and not of a proxy`,
      {
        hint: "name an environment variable or a file with the proxy's own NAME:PASSWORD",
      },
    )
}
