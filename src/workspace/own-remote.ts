import { closeSync, constants, fstatSync, ftruncateSync, openSync, readFileSync, unlinkSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { PaudeError } from '../errors.ts'
import { shown } from '../text.ts'
import { CONFIG_LIMIT, settings } from './git-config.ts'
import type { GitLayout } from './git-layout.ts'
import { bytesInPlace, inPlace } from './inode.ts'

/** A remote of a repository that git asks paude about. */
export type OwnRemote = { readonly name: string; readonly url: string; readonly fetches: readonly string[] }

/** What the repository has of the name: nothing, this remote, or one of yours. */
export function lookForRemote(git: GitLayout, { name, url }: Pick<OwnRemote, 'name' | 'url'>): 'none' | 'own' | 'foreign' {
  const all = settings(read(git)).filter(({ key }) => key.startsWith(`remote.${name}.`))
  if (all.length === 0) return 'none'
  return all.some(({ key, value }) => key === `remote.${name}.url` && value === url) ? 'own' : 'foreign'
}

/** Adds a remote at the end of the configuration. */
export const addRemote = (git: GitLayout, remote: OwnRemote): void =>
  change(git, (text) => `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}${section(remote)}`)

/** Takes a remote away as it was added; what you changed in it stays. */
export function removeRemote(git: GitLayout, remote: OwnRemote): boolean {
  const text = section(remote)
  if (!read(git).includes(text)) return false
  change(git, (all) => all.replace(text, ''))
  return true
}

const section = ({ name, url, fetches }: OwnRemote): string =>
  [`[remote "${name}"]`, `\turl = ${url}`, ...fetches.map((one) => `\tfetch = ${one}`), '\ttagOpt = --no-tags', ''].join('\n')

const read = ({ repository }: GitLayout): string =>
  bytesInPlace(join(repository, 'config'), CONFIG_LIMIT)?.toString('latin1') ?? ''

/**
 * Under git's own lock, and into the file that is there: a file in its place would take the guard off it that a session has which works in
 * this folder. One write takes a reader from the whole text to the next one: a shorter one ends in empty lines first. No link is followed.
 */
function change(git: GitLayout, how: (text: string) => string): void {
  const path = join(git.repository, 'config')
  const done = inPlace(path, (at) => {
    const lock = lockOf(`${at}.lock`, path)
    try {
      changeFile(at, path, how)
      return true
    } finally {
      closeSync(lock)
      unlinkSync(`${at}.lock`)
    }
  })
  if (done === null) throw cannot(path, 'a link stands on the way')
}

function changeFile(at: string, path: string, how: (text: string) => string): void {
  let file: number
  try {
    file = openSync(at, constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    const { code = '' } = error as { code?: string }
    throw cannot(path, code === 'ELOOP' ? 'a link stands on the way' : code)
  }
  try {
    const stats = fstatSync(file)
    if (!stats.isFile() || stats.size > CONFIG_LIMIT) throw cannot(path, 'it is not a plain file, or too large')
    const before = readFileSync(file, 'latin1')
    const after = how(before)
    const bytes = Buffer.from(after.padEnd(before.length, '\n'), 'latin1')
    for (let put = 0; put < bytes.length; ) put += writeSync(file, bytes, put, bytes.length - put, put)
    ftruncateSync(file, after.length)
  } finally {
    closeSync(file)
  }
}

function lockOf(lock: string, path: string): number {
  try {
    return openSync(lock, 'wx')
  } catch (error) {
    const { code = '' } = error as { code?: string }
    throw cannot(path, code === 'EEXIST' ? 'another git is changing it' : code)
  }
}

const cannot = (path: string, why: string): PaudeError =>
  new PaudeError('refused', `cannot change ${shown(path)}: ${why}`, { hint: 'look at what lies there, and try again' })
