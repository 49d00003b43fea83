type Token =
  | { readonly kind: 'one'; readonly fits: (letter: string) => boolean }
  /** Any letters but slashes, any letters at all, or folders with a slash behind each. */
  | { readonly kind: 'star' | 'rest' | 'folders' | 'in-folders' }

/** Whether a text fits a pattern as git matches paths: `*` and `?` stop at slashes, `**` between slashes does not. Takes time in proportion to both lengths. */
export function wildmatch(
  pattern: string,
  text: string,
  { ignoreCase = false }: { readonly ignoreCase?: boolean } = {},
): boolean {
  const fold = (value: string) => (ignoreCase ? value.toLowerCase() : value)
  const tokens = tokensOf(fold(pattern))
  let states = reach(new Set([0]), tokens)
  for (const letter of fold(text)) {
    const next = new Set<number>()
    for (const at of states) {
      const token = tokens[at]
      if (token?.kind === 'one' && token.fits(letter)) next.add(at + 1)
      if ((token?.kind === 'star' && letter !== '/') || token?.kind === 'rest' || token?.kind === 'in-folders') next.add(at)
      if (token?.kind === 'in-folders' && letter === '/') next.add(at + 1)
    }
    if (next.size === 0) return false
    states = reach(next, tokens)
  }
  return states.has(tokens.length)
}

/** With the states that are reached without a letter. A set grows while it is walked. */
function reach(states: Set<number>, tokens: readonly Token[]): Set<number> {
  for (const at of states) {
    const kind = tokens[at]?.kind
    if (kind === 'star' || kind === 'rest' || kind === 'folders') states.add(at + 1)
    if (kind === 'folders') states.add(at + 2)
  }
  return states
}

const PART = /\*\*\/|\*+|\?|\[[!^]?\]?[^\]]*\]|\\.|./gsu

function tokensOf(pattern: string): readonly Token[] {
  return [...pattern.matchAll(PART)].flatMap(({ 0: part, index }): readonly Token[] => {
    const bounded = index === 0 || pattern[index - 1] === '/'
    if (part === '**/') return bounded ? [{ kind: 'folders' }, { kind: 'in-folders' }] : [{ kind: 'star' }, same('/')]
    if (part === '**' && bounded && index + 2 === pattern.length) return [{ kind: 'rest' }]
    if (part.startsWith('*')) return [{ kind: 'star' }]
    if (part === '?') return [{ kind: 'one', fits: (letter) => letter !== '/' }]
    if (part.startsWith('[') && part.length > 1) return [{ kind: 'one', fits: classOf(part.slice(1, -1)) }]
    return [same(part.startsWith('\\') ? part.slice(1) : part)]
  })
}

const same = (wanted: string): Token => ({ kind: 'one', fits: (letter) => letter === wanted })

/** `a-z_`, or `!a-z_` for everything else. */
function classOf(text: string): (letter: string) => boolean {
  const negated = /^[!^]/.test(text)
  const ranges = [...text.slice(negated ? 1 : 0).matchAll(/(.)-(.)|(.)/gsu)].map(([, from, to, single = '']) => [
    from ?? single,
    to ?? single,
  ])
  return (letter) => letter !== '/' && negated !== ranges.some(([from = '', to = '']) => from <= letter && letter <= to)
}
