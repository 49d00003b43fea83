/** Cursor movements of a screen that stand where a plain program would break the line. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what is looked for
const MOVES = /\u001b\[\d*(?:;\d*)?[HfEFBd]|\u001b\[\d*[ABJ]/g
/** Moves to the right stand for spaces. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what is looked for
const RIGHT = /\u001b\[(\d*)C/g
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is taken out
const REST = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g

/** A terminal's stream as text that can be read and searched: no control characters, no line twice in a row. */
export function readable(stream: string): string {
  const text = Bun.stripANSI(
    stream.replace(MOVES, '\n').replace(RIGHT, (_, count: string) => ' '.repeat(Math.min(Number(count) || 1, 200))),
  )
  const kept: string[] = []
  for (const raw of text.split(/\r?\n|\r/)) {
    const line = raw.replace(REST, '').trimEnd()
    if (line !== '' && line !== kept.at(-1)) kept.push(line)
  }
  return kept.join('\n')
}

/** What a program printed without a screen, line by line as it did, without control characters. */
export const plainText = (stream: string): string =>
  Bun.stripANSI(stream)
    .split(/\r?\n|\r/)
    .map((line) => line.replace(REST, ''))
    .join('\n')
    .replace(/\n$/, '')
