import { join } from 'node:path'
import { PaudeError } from '../errors.ts'
import type { Host } from '../host.ts'
import { type Secret, secret } from '../secret.ts'
import { readPrivate } from './private-file.ts'

/** What `env:NAME` or `file:PATH` stands for, as it is; '' for a variable that is not set. Refuses a file that others can read. `key` names it in errors. */
export function readReference(reference: string, host: Pick<Host, 'env' | 'home' | 'uid'>, key: string): string {
  const [kind, rest] = [reference.slice(0, reference.indexOf(':')), reference.slice(reference.indexOf(':') + 1)]
  return kind === 'env' ? (host.env[rest] ?? '') : readOwn(rest, host, key)
}

/** The secret that `env:NAME` or `file:PATH` stands for, which is one word; '' for no reference. */
export function readSecret(reference: string, host: Pick<Host, 'env' | 'home' | 'uid'>, key: string): Secret {
  if (reference === '') return secret('')
  const value = readReference(reference, host, key).trim()
  if (!/^[\x21-\x7e]{1,4096}$/.test(value))
    throw new PaudeError(
      'config',
      `${key}: ${reference} ${value === '' ? 'is empty' : 'holds characters that such a secret cannot have'}`,
      {
        hint: reference.startsWith('env:') ? `export ${reference.slice(4)}` : 'put only the secret into that file',
      },
    )
  return secret(value)
}

/** A path of `file:PATH`, as it is opened. */
export const pathOfSecret = (name: string, home: string): string => (name.startsWith('~/') ? join(home, name.slice(2)) : name)

function readOwn(name: string, { home, uid }: Pick<Host, 'home' | 'uid'>, key: string): string {
  const path = pathOfSecret(name, home)
  const found = readPrivate(path, { uid, limit: 65_536, links: 'follow' })
  if (typeof found === 'string') return found
  const error = (what: string, hint: string, cause?: unknown) =>
    new PaudeError('config', `${key}: ${path} ${what}`, { hint, cause })
  switch (found.kind) {
    case 'closed':
      throw error(`cannot be read (${found.code})`, 'correct the path, or write env:NAME', found.cause)
    case 'shape':
      throw error('is not a file with a secret', 'name a file that holds only the secret')
    case 'owner':
      throw error('belongs to another user', 'use a file of your own')
    case 'mode':
      throw error('is readable by other users', `chmod 600 ${path}`)
  }
}
