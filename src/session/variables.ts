import { PaudeError, quoted } from '../errors.ts'
import type { Host } from '../host.ts'
import { type Secret, secret } from '../secret.ts'

/** Variables that hold credentials paude keeps outside the box; --env must not carry them in by accident. */
export const KEPT_OUTSIDE = ['ANTHROPIC_API_KEY', 'ANTHROPIC_AUTH_TOKEN', 'CLAUDE_CODE_OAUTH_TOKEN']
/** What makes the box a box. */
const OURS = /^(PAUDE_.*|HTTPS?_PROXY|https?_proxy|ALL_PROXY|all_proxy|NO_PROXY|no_proxy)$/

/** Reads --env: `NAME=VALUE`, or `NAME` for the caller's value (left out when the caller has none). */
export function readVariables(entries: readonly string[], { env }: Pick<Host, 'env'>): Readonly<Record<string, Secret>> {
  return Object.fromEntries(
    entries.flatMap((entry) => {
      const at = entry.indexOf('=')
      const name = at === -1 ? entry : entry.slice(0, at)
      insistOnName(name)
      const value = at === -1 ? env[name] : entry.slice(at + 1)
      if (value?.includes('\0'))
        throw new PaudeError('usage', `the value of ${name} contains a NUL byte`, { hint: 'no environment can hold one' })
      return value === undefined ? [] : [[name, secret(value)] as const]
    }),
  )
}

/** Refuses what no variable is called, and what is not the user's to set in the box. */
export function insistOnName(name: string): void {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
    throw new PaudeError('usage', `invalid variable name ${quoted(name)}`, {
      hint: 'write --env NAME or --env NAME=VALUE',
    })
  if (OURS.test(name))
    throw new PaudeError('refused', `${name} is set by paude in the box`, {
      hint: 'use --network and --network-allow to change what the box can reach',
    })
  if (KEPT_OUTSIDE.includes(name))
    throw new PaudeError('refused', `${name} stays outside the box`, {
      hint: `export ${name} before you call paude: the proxy adds it on the way to the provider`,
    })
}
