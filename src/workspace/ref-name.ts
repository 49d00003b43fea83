import { PaudeError } from '../errors.ts'
import { UNSEEN } from '../text.ts'

const SEEN = new RegExp(`^(?!.*${UNSEEN.source}).*$`, 'su')

/** Whether a name below refs/ is one that git takes, and no path out of it. What a terminal hides is refused as well. */
export const isRefName = (name: string): boolean =>
  name.length <= 200 &&
  SEEN.test(name) &&
  !/[ ~^:?*[\\\u007f]|\.\.|@\{|\/\/|\.$/.test(name) &&
  name.split('/').every((part) => part !== '' && part !== '@' && !/^[.-]|\.lock$/i.test(part))

/** Name of an object: SHA-1, or SHA-256. */
export const isObjectName = (text: string): boolean => /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(text)

/** Refuses what can be neither a ref nor a whole object name; `where` names the flag, variable or key. */
export function requireBaseName(name: string, where: string): void {
  if (isRefName(name)) return
  throw new PaudeError('usage', `${where} must be a branch, a tag or a whole commit id, found ${JSON.stringify(name)}`, {
    hint: 'write a name like main, origin/main or v1.2',
  })
}
