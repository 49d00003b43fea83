import { PaudeError } from '../errors.ts'

/** Keys by name, as a terminal sends them. */
const NAMED: Readonly<Record<string, string>> = {
  enter: '\r',
  escape: '\x1b',
  esc: '\x1b',
  tab: '\t',
  'shift-tab': '\x1b[Z',
  space: ' ',
  backspace: '\x7f',
  delete: '\x1b[3~',
  up: '\x1b[A',
  down: '\x1b[B',
  right: '\x1b[C',
  left: '\x1b[D',
  home: '\x1b[H',
  end: '\x1b[F',
  'page-up': '\x1b[5~',
  'page-down': '\x1b[6~',
}

/** Bytes of `enter`, `ctrl-c`, `y` or several with commas between. */
export const keyBytes = (text: string): string =>
  text
    .split(',')
    .map((name) => keyByte(name.trim(), '--key'))
    .join('')

/** The detach keys as bytes, in order; empty when there shall be none. */
export const detachBytes = (text: string, where: string): string =>
  text === 'none'
    ? ''
    : text
        .split(',')
        .map((name) => keyByte(name.trim(), where))
        .join('')

/** The detach keys as a person presses them: `Ctrl-P Ctrl-Q`. */
export const keysTitle = (text: string): string =>
  text
    .split(',')
    .map((name) => name.trim().replace(/^(?:ctrl-|c-)(.)$/i, (_, key: string) => `Ctrl-${key.toUpperCase()}`))
    .join(' ')

function keyByte(name: string, where: string): string {
  const known = NAMED[name.toLowerCase()]
  if (known !== undefined) return known
  const control = /^(?:ctrl-|c-)([a-z@[\\\]^_])$/i.exec(name)?.[1]
  if (control !== undefined) return String.fromCharCode(control.toUpperCase().charCodeAt(0) & 31)
  if (/^[!-~]$/.test(name)) return name
  throw new PaudeError('usage', `${where}: unknown key ${JSON.stringify(name)}`, {
    hint: `write one character, ctrl-x, or one of ${Object.keys(NAMED).join(', ')}`,
  })
}

/** Looks for the detach keys in what is typed, also when they come one by one. Returns what is to be sent on. */
export function makeDetachScanner(keys: string): (typed: string) => { readonly pass: string; readonly detached: boolean } {
  let held = ''
  return (typed) => {
    if (keys === '') return { pass: typed, detached: false }
    const input = held + typed
    held = ''
    const at = input.indexOf(keys)
    if (at !== -1) return { pass: input.slice(0, at), detached: true }
    // The longest end of the input that may become the keys.
    for (let length = Math.min(keys.length - 1, input.length); length > 0; length--)
      if (keys.startsWith(input.slice(-length))) {
        held = input.slice(-length)
        return { pass: input.slice(0, -length), detached: false }
      }
    return { pass: input, detached: false }
  }
}

/** Ctrl-Z as terminals send it: as ever, by the kitty protocol, and by xterm's modifyOtherKeys. */
const SUSPEND = /\x1a|\x1b\[122;5(?::1)?u|\x1b\[27;5;122~/g

/** What is typed without Ctrl-Z, or null when there is none in it. */
export function withoutSuspend(typed: string): string | null {
  const rest = typed.replace(SUSPEND, '')
  return rest === typed ? null : rest
}
