import { PaudeError } from '../errors.ts'
import type { Host } from '../host.ts'
import { readReference } from '../reference.ts'
import { type Secret, secret } from '../secret.ts'

/** The secret that `env:NAME` or `file:PATH` stands for; '' for no reference. Refuses a file that others can read. `key` is where it is named. */
export function readSecret(key: string, reference: string, host: Pick<Host, 'env' | 'home' | 'uid'>): Secret {
  if (reference === '') return secret('')
  const value = readReference(reference, host, key).trim()
  if (!/^[\x21-\x7e]{1,4096}$/.test(value))
    throw new PaudeError(
      'config',
      `${key}: ${reference} ${value === '' ? 'is empty' : 'holds characters that no such secret has'}`,
      {
        hint: reference.startsWith('env:') ? `export ${reference.slice(4)}` : 'put the secret, and nothing else, in that file',
      },
    )
  return secret(value)
}
