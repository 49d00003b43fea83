/** One word for a POSIX shell, quoted only where it must be. Any string survives, NUL excepted (argv cannot hold it). */
export function quote(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}

/** A command on one line. */
export const commandLine = (argv: readonly string[]): string => argv.map(quote).join(' ')
