import type { Host } from '../host.ts'
import { type Attach, revealed } from '../plan/plan.ts'
import { type Attached, attach, type Shown } from '../run/process.ts'
import { colouredText } from './filter.ts'
import { writeWhole } from './window.ts'

/**
 * Starts a program of the box on our streams. A pipe and a file get what it prints byte for byte, a terminal gets no more than painting:
 * everything a screen needs where the program has our terminal, text and colours where it has none. `name` is what we say we are, when asked.
 */
export async function attachSafely(host: Host, step: Attach, name: string): Promise<Attached> {
  if (!step.terminal) return onStreams(host, step)
  // Its emulator takes as long to load as an engine's client takes to start.
  return (await import('./on-terminal.ts')).onTerminal(host, step, name)
}

function onStreams({ terminal }: Host, step: Attach): Attached {
  const shown = (descriptor: 1 | 2): Shown => {
    const filter = colouredText()
    return (bytes) => writeWhole(descriptor, Buffer.from(filter(bytes)))
  }
  const { noise } = step
  const quiet = noise === undefined ? (show: Shown) => show : withoutNoise(noise)
  const plain: Shown = (bytes) => writeWhole(2, Buffer.from(bytes))
  return attach(step.argv, {
    stdin: step.stdin,
    terminal: false,
    more: revealed(step.env ?? {}),
    show: {
      ...(terminal.stdout ? { stdout: terminal.stderr ? quiet(shown(1)) : shown(1) } : {}),
      ...(terminal.stderr ? { stderr: quiet(shown(2)) } : noise === undefined ? {} : { stderr: quiet(plain) }),
    },
  })
}

/** The last piece of what is printed, without what the client says behind it. */
const withoutNoise =
  (pattern: string) =>
  (show: Shown): Shown => {
    const noise = new RegExp(`(?:^|(?<=\\n))(?:${pattern})\\n$`)
    return (bytes) => {
      const text = Buffer.from(bytes).toString('latin1')
      show(noise.test(text) ? Buffer.from(text.replace(noise, ''), 'latin1') : bytes)
    }
  }
