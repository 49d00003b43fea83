import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import { canAsk, readAnswer } from '../config/start-config.ts'

/** Names what goes and asks; false for anything but a yes. Refuses where there is no terminal: `forced` is the command that does not ask. */
export function confirmRemoval(context: Context, lines: readonly string[], forced: string): boolean {
  context.note(`to remove:\n${lines.join('\n')}`)
  if (!canAsk(context))
    throw new PaudeError('refused', 'nothing was removed, since there is no terminal to ask on', { hint: forced })
  if (['y', 'yes'].includes(readAnswer(context, 'remove them? [y/N]: '))) return true
  context.note('nothing was removed')
  return false
}
