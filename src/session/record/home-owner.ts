import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PaudeError } from '../../errors.ts'
import type { Host } from '../../host.ts'
import { stateFolder } from '../../state.ts'

/** Who a HOME on a cluster belongs to: random, made once, and known to you on this machine alone, since a namespace has one list of volumes for all. */
export function homeOwner(host: Pick<Host, 'env' | 'home'>): string {
  const folder = stateFolder(host)
  const path = join(folder, 'home-owner')
  return readOwner(path) ?? makeOwner(folder, path)
}

/** The same as a label of objects that others can read: it tells nobody how your HOMEs are called. */
export const ownerMark = (host: Pick<Host, 'env' | 'home'>): string => markOf(homeOwner(host))

/** The same where one was made; else ''. */
export function knownMark(host: Pick<Host, 'env' | 'home'>): string {
  const owner = readOwner(join(stateFolder(host), 'home-owner'))
  return owner === null ? '' : markOf(owner)
}

const markOf = (owner: string): string => new Bun.CryptoHasher('sha256').update(`mark\n${owner}`).digest('hex').slice(0, 16)

/** Under its name it stands whole or not at all: of two first starts at a time, both read what the first one made. */
function makeOwner(folder: string, path: string): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const beside = `${path}.${crypto.randomUUID()}`
  const made = Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('hex')
  writeFileSync(beside, `${made}\n`, { flag: 'wx', mode: 0o600 })
  try {
    linkSync(beside, path)
  } catch (error) {
    if ((error as { code?: string }).code !== 'EEXIST') throw error
  } finally {
    rmSync(beside, { force: true })
  }
  return readOwner(path) ?? made
}

/** null where none was made. */
function readOwner(path: string): string | null {
  let text: string
  try {
    text = readFileSync(path, 'utf8').trim()
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return null
    throw error
  }
  if (/^[0-9a-f]{32}$/.test(text)) return text
  throw new PaudeError('config', `${path} does not hold what paude wrote there`, {
    hint: `remove it: rm ${path}; sessions on a cluster then begin with a new HOME`,
  })
}
