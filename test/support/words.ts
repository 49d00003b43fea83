import fc from 'fast-check'

/** What shells, heredocs and engines stumble over. */
const AWKWARD = [
  "'",
  '"',
  '\\',
  '$',
  '`',
  '\n',
  '\r',
  '\t',
  ' ',
  '-',
  '--',
  '=',
  ',',
  ':',
  '!',
  '*',
  '~',
  '#',
  '&',
  ';',
  '|',
  'EOF',
  '\nEOF\n',
  '\nEOF_\n',
  '$(id)',
  'é',
  '漢',
  '🙂',
  '\u202e',
  '\u001b[31m',
] as const

/** Any string that argv can hold: all but NUL, and no half of a surrogate pair. */
export const anyWord = fc.oneof(
  fc
    .array(fc.oneof(fc.constantFrom(...AWKWARD), fc.string({ unit: 'grapheme', maxLength: 4 })), { maxLength: 8 })
    .map((parts) => parts.join('').replaceAll('\0', '').toWellFormed()),
  fc.string({ unit: 'binary', maxLength: 20 }).map((text) => text.replaceAll('\0', '').toWellFormed()),
)
