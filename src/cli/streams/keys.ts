/** The keyboard of a terminal; paused while somebody else has it. */
export type Keys = { readonly next: () => Promise<string>; readonly pause: () => void; readonly resume: () => void }

// biome-ignore lint/suspicious/noControlCharactersInRegex: arrows and the like are sequences
const KEY = /\u001b\[[\d;]*[A-Za-z~]|\u001bO[A-Z]|[\s\S]/gu

/** Keys as they are typed, one at a time, from a terminal that is ours. */
export function openKeys(): Keys {
  const waiting: string[] = []
  let wake: (() => void) | null = null
  const onData = (bytes: Buffer) => {
    // Several may come in one read.
    waiting.push(...(bytes.toString('utf8').match(KEY) ?? []))
    wake?.()
  }
  const keys: Keys = {
    next: async () => {
      if (waiting.length === 0) await new Promise<void>((resolve) => (wake = resolve))
      return waiting.shift() ?? ''
    },
    pause: () => {
      process.stdin.off('data', onData)
      process.stdin.setRawMode(false)
      process.stdin.pause()
    },
    resume: () => {
      process.stdin.setRawMode(true)
      process.stdin.on('data', onData)
      process.stdin.resume()
    },
  }
  keys.resume()
  return keys
}
