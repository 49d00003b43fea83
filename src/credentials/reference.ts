import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PaudeError } from '../errors.ts'
import type { Host } from '../host.ts'
import { type Secret, secret } from '../secret.ts'

/** The secret that `env:NAME` or `file:PATH` stands for; '' for no reference. Refuses a file that others can read. `key` is where it is named. */
export function readReference(key: string, reference: string, host: Pick<Host, 'env' | 'home' | 'uid'>): Secret {
  if (reference === '') return secret('')
  const [kind, rest] = [reference.slice(0, reference.indexOf(':')), reference.slice(reference.indexOf(':') + 1)]
  const value = (kind === 'env' ? (host.env[rest] ?? '') : readPrivate(key, rest, host)).trim()
  if (!/^[\x21-\x7e]{1,4096}$/.test(value))
    throw new PaudeError(
      'config',
      `${key}: ${reference} ${value === '' ? 'is empty' : 'holds characters that no such secret has'}`,
      {
        hint: kind === 'env' ? `export ${rest}` : 'put the secret, and nothing else, in that file',
      },
    )
  return secret(value)
}

function readPrivate(key: string, name: string, { home, uid }: Pick<Host, 'home' | 'uid'>): string {
  const path = name.startsWith('~/') ? join(home, name.slice(2)) : name
  const fault = (what: string, hint: string, cause?: unknown) =>
    new PaudeError('config', `${key}: ${path} ${what}`, { hint, cause })
  let descriptor: number
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (cause) {
    throw fault(`cannot be read (${(cause as { code?: string }).code})`, 'correct the path, or write env:NAME', cause)
  }
  try {
    const stats = fstatSync(descriptor)
    if (!stats.isFile() || stats.size > 64 * 1024)
      throw fault('is no file with a secret', 'name a file that holds the secret alone')
    if (stats.uid !== uid) throw fault('belongs to another user', 'make a file of your own')
    if ((stats.mode & 0o077) !== 0) throw fault('can be read by others', `chmod 600 ${path}`)
    return readFileSync(descriptor, 'utf8')
  } finally {
    closeSync(descriptor)
  }
}
