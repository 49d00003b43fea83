import { SESSION_ID } from '../../box/session-id.ts'
import { PaudeError } from '../../errors.ts'

/** No vowels (no words), no l, o, 0, 1 (no doubts). */
const LETTERS = 'bcdfghjkmnpqrstvwxz23456789'

/** `paude-` and six random characters: 29 bits, checked against the engine when it is made. */
export const newSessionId = (): string => `paude-${Array.from({ length: 6 }, randomLetter).join('')}`

/** Bytes beyond the last whole run of letters are drawn again: else the first letters would come more often. */
function randomLetter(): string {
  const [byte = 0] = crypto.getRandomValues(new Uint8Array(1))
  return byte < 256 - (256 % LETTERS.length) ? (LETTERS[byte % LETTERS.length] ?? '') : randomLetter()
}

/**
 * Volume that keeps a project's HOME: the same for the same path, readable enough to be recognised. `owner` where others have volumes in
 * the same list: '' on an engine.
 */
export const homeVolume = (workspace: string, agent: string, owner = ''): string =>
  `paude-home-${agent}-${new Bun.CryptoHasher('sha256')
    .update(owner === '' ? workspace : `${owner}\n${workspace}`)
    .digest('hex')
    .slice(0, 16)}`

/** Volume in place of a folder of a project: the same for all its sessions, since what is installed there is wanted again. */
export const overlayVolume = (workspace: string, path: string): string =>
  `paude-overlay-${new Bun.CryptoHasher('sha256').update(`${workspace}\n${path}`).digest('hex').slice(0, 16)}`

/** Names are labels on every backend, so they are as narrow as the narrowest (Kubernetes). */
export function checkedName(name: string): string {
  if (!/^[a-z0-9]([a-z0-9-]{0,40}[a-z0-9])?$/.test(name))
    throw new PaudeError('usage', `invalid session name ${JSON.stringify(name)}`, {
      hint: 'use up to 42 lower-case letters, digits and inner hyphens, like fix-login',
    })
  if (SESSION_ID.test(name))
    throw new PaudeError('usage', `a session name cannot look like an id: ${name}`, { hint: 'choose another name' })
  return name
}
