import { PaudeError } from '../errors.ts'
import type { Host } from '../host.ts'
import { readReference } from '../reference.ts'
import { type Secret, secret } from '../secret.ts'

/** The token that `env:NAME` or `file:PATH` stands for; '' for no reference. Refuses a file that others can read. */
export function readToken(reference: string, host: Pick<Host, 'env' | 'home' | 'uid'>): Secret {
  if (reference === '') return secret('')
  const value = readReference(reference, host, 'notify.webhook.token').trim()
  if (!/^[\x21-\x7e]{1,4096}$/.test(value))
    throw new PaudeError(
      'config',
      `notify.webhook.token: ${reference} ${value === '' ? 'is empty' : 'holds characters that no token has'}`,
      {
        hint: reference.startsWith('env:') ? `export ${reference.slice(4)}` : 'put the token, and nothing else, in that file',
      },
    )
  return secret(value)
}
