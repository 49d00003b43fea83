import type { Host } from '../host.ts'
import { writeAll } from './output.ts'

/**
 * Modes an agent's screen leaves on: alternate screen, mouse, focus, paste, synchronised output, keyboard protocols, colours.
 * Leaving a screen that was left already moves the cursor to an old place, so it is entered first: without effect when it is on.
 */
const RESET = '?1049h ?1049l ?1000l ?1002l ?1003l ?1006l ?1004l ?2004l ?2026l ?25h <u >4;0m 0m'
  .split(' ')
  .map((mode) => `\u001b[${mode}`)
  .join('')
/** An empty title gives the terminal its own back. */
const NO_TITLE = '\u001b]0;\u0007'

/** A screen of its own for an agent that painted before this terminal came: the shell's lines stay as they were. */
export function enterScreen({ terminal }: Host): void {
  if (terminal.stdout) writeAll(1, '\u001b[?1049h\u001b[2J\u001b[H')
}

/** Gives the terminal back as it was: whoever detaches never sees the agent clean up. */
export function resetTerminal({ terminal, env }: Host): void {
  if (terminal.stdout && env['TERM'] !== 'dumb') writeAll(1, RESET + NO_TITLE)
}
