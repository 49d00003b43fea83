import type { Terminal } from '@xterm/headless'
import { coreOf } from './emulator.ts'

/** Marks without a width upon one character. Scripts of this world need fewer. */
const MARKS = 16
/** Text that has none. */
const PLAIN = /^[\u0000-\u00ac\u00ae-\u02ff]*$/

/** Keeps marks from being piled upon one character: the emulator would keep each, and a cell takes any number of them. */
export function makeMarks(terminal: Terminal) {
  const core = coreOf(terminal)
  let stacked = 0
  let marked = false
  return {
    /** Text without what is piled up in it. */
    thinned(text: string): string {
      if (PLAIN.test(text)) {
        stacked = 0
        return text
      }
      let kept = ''
      for (const letter of text) {
        const code = letter.codePointAt(0) ?? 0
        const narrow = code > 0x9f && core.unicodeService.wcwidth(code) === 0
        if (code > 0x1f && !narrow) stacked = 0
        else if (narrow) {
          marked = true
          if (++stacked > MARKS) continue
        }
        kept += letter
      }
      return kept
    },
    /** Clears cells on which marks were piled one by one, with the cursor moved between them. */
    sweep(): void {
      if (!marked) return
      marked = false
      const { active } = terminal.buffer
      const isPiled = (row: number, column: number) =>
        (active
          .getLine(active.baseY + row)
          ?.getCell(column)
          ?.getChars().length ?? 0) >
        MARKS * 4
      for (let row = 0; row < terminal.rows; row++)
        for (let column = 0; column < terminal.cols; column++)
          if (isPiled(row, column)) core.writeSync(`\x1b7\x1b[${row + 1};${column + 1}H\x1b[X\x1b8`)
    },
  }
}
