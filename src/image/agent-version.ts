import { PaudeError } from '../errors.ts'
import { quoted } from '../text.ts'

/** The value of --agent-version: one exact release, because the image's name is made of it. */
export function readAgentVersion(text: string): string {
  if (/^\d{1,5}\.\d{1,5}\.\d{1,5}$/.test(text)) return text
  throw new PaudeError('usage', `not an exact version of the agent: ${quoted(text)}`, { hint: 'write it like 2.1.329' })
}
