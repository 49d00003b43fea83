import { titleOf } from '../box/remote.ts'
import { PaudeError } from '../errors.ts'
import type { Backend } from './backend.ts'

/** A backend that was asked something and has said nothing for so many seconds. */
export const unanswered = ({ name, remote, health }: Pick<Backend, 'name' | 'remote' | 'health'>, seconds: number): PaudeError =>
  new PaudeError('backend-silent', `${titleOf(name, remote)} has not answered within ${seconds} s`, { hint: health.mend.silent })

/** In one line, what a list lacks because a backend failed; of one that is silent with what to type, since nothing else tells. */
export const lacking = ({ code, message, hint }: PaudeError, what: string): string =>
  `${message}: ${what}${code === 'backend-silent' ? `; ${hint}` : ''}`
