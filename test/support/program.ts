import { join } from 'node:path'

const built = process.env['PAUDE_TEST_PROGRAM'] ?? ''

/** Words that run paude: the compiled program where `bun run check` has built it, since it starts four times as fast, else the source. */
export const program: readonly [string, ...string[]] =
  built === '' ? [process.execPath, join(import.meta.dir, '../../src/main.ts')] : [built]

/** The same for a line of sh. */
export const programLine = program.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ')
