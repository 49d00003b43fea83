import type { Token } from './tokens.ts'

/** What a terminal must be told besides the picture: who comes later never saw it being set. */
export type Modes = {
  readonly see: (token: Token) => void
  /** Sequences that bring a terminal in its default state to the agent's. */
  readonly restore: () => string
  readonly title: () => string
  readonly bracketedPaste: () => boolean
}

/** Modes that the serializer leaves out or that are harmless to say twice; those of the alternate screen are its own. */
const KEPT: ReadonlySet<number> = new Set([1, 7, 12, 25, 1000, 1002, 1003, 1004, 1005, 1006, 1015, 2004])
const ON_AT_FIRST: ReadonlySet<number> = new Set([7, 25])
/** A hostile program may push for ever. */
const DEEPEST = 16

export function makeModes(): Modes {
  const modes = new Map<number, boolean>()
  let kitty: number[] = []
  let otherKeys = ''
  let cursor = ''
  let keypad = ''
  let title = ''
  const reset = () => {
    modes.clear()
    kitty = []
    otherKeys = cursor = keypad = ''
  }

  const see = (token: Token): void => {
    switch (token.kind) {
      case 'text':
        return
      case 'esc':
        if (token.text === '\x1bc') reset()
        if (token.text === '\x1b=' || token.text === '\x1b>') keypad = token.text
        return
      case 'osc': {
        const found = /^[02];([\s\S]*)$/.exec(token.body)
        if (found !== null) title = found[1] ?? ''
        return
      }
      case 'csi':
        seeCsi(token)
    }
  }

  function seeCsi({ text, mark, params, between, final }: Extract<Token, { kind: 'csi' }>): void {
    const kind = `${mark}${between}${final}`
    if (kind === '?h' || kind === '?l')
      for (const mode of params.split(';').map(Number)) if (KEPT.has(mode)) modes.set(mode, final === 'h')
    if (kind === '>u') kitty = [...kitty, Number(params) || 0].slice(-DEEPEST)
    if (kind === '<u') kitty = kitty.slice(0, Math.max(0, kitty.length - (Number(params) || 1)))
    if (kind === '=u') kitty = [...kitty.slice(0, -1), setFlags(kitty.at(-1) ?? 0, params)]
    if (kind === '>m' && params.startsWith('4')) otherKeys = text
    if (kind === ' q') cursor = text
    if (kind === '!p') reset()
  }

  return {
    see,
    restore: () =>
      [
        ...[...modes].filter(([mode, on]) => on !== ON_AT_FIRST.has(mode)).map(([mode, on]) => `\x1b[?${mode}${on ? 'h' : 'l'}`),
        ...kitty.map((flags) => `\x1b[>${flags}u`),
        otherKeys,
        cursor,
        keypad,
      ].join(''),
    title: () => title,
    bracketedPaste: () => modes.get(2004) === true,
  }
}

/** `CSI = flags ; how u`: 1 sets, 2 adds, 3 takes away. */
function setFlags(old: number, params: string): number {
  const [flags = 0, how = 1] = params.split(';').map((part) => Number(part) || undefined)
  return how === 2 ? old | flags : how === 3 ? old & ~flags : flags
}
