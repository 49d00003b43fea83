import { PaudeError } from '../../errors.ts'

/** `paude run` has no network unless it is asked for, which few expect. */
export const withoutNetwork = (id: string): PaudeError =>
  new PaudeError('unsupported', `session ${id} has no network`, {
    hint: 'start a new one: paude run --network-allow HOST -- COMMAND, or an agent with --network restricted',
  })
