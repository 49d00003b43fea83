import type { Terminal } from '@xterm/headless'

/** What is used of the emulator's inner side: it has no public way for these. */
type Core = {
  /** At once, so that whoever floods us is held up by the terminal's own buffer; the public way queues without a limit. */
  readonly writeSync: (text: string) => void
  readonly unicodeService: { readonly wcwidth: (code: number) => number }
  /** The active buffer. */
  readonly buffer: { readonly lines: { readonly get: (index: number) => { isWrapped: boolean } | undefined } }
}

export const coreOf = (terminal: Terminal): Core => (terminal as unknown as { readonly _core: Core })._core
