import { findProgram, type Host } from '../host.ts'
import type { Argv } from '../plan/plan.ts'
import { pipe } from './process.ts'

/** Bytes of a picture that are read. */
const MOST = 100 * 1024 ** 2
/** Milliseconds for an answer: the program that copied it is asked, and may be gone. */
const PATIENCE = 5000

type Machine = Pick<Host, 'env' | 'platform'>

/** Programs that print the picture of the clipboard here, the best first. */
export function clipboardPrograms({ env, platform }: Machine): readonly Argv[] {
  const known: readonly Argv[] =
    platform === 'darwin'
      ? [
          ['pngpaste', '-'],
          ['osascript', '-e', 'get the clipboard as «class PNGf»'],
        ]
      : [
          ...(env['WAYLAND_DISPLAY'] ? [['wl-paste', '--no-newline', '--type', 'image/png'] satisfies Argv] : []),
          ...(env['DISPLAY'] ? [['xclip', '-selection', 'clipboard', '-target', 'image/png', '-out'] satisfies Argv] : []),
        ]
  return known.filter(([program]) => findProgram({ env }, program) !== null)
}

/** The picture of the clipboard, as one of these programs prints it; null when none does. */
export async function readClipboard(programs: readonly Argv[]): Promise<Uint8Array | null> {
  for (const argv of programs) {
    const bytes = await printed(argv)
    const picture = argv[0] === 'osascript' ? fromScript(bytes) : bytes
    if (picture.length > 0) return picture
  }
  return null
}

async function printed(argv: Argv): Promise<Uint8Array> {
  const program = pipe(argv)
  program.end()
  const timer = setTimeout(program.kill, PATIENCE)
  const parts: Uint8Array[] = []
  let size = 0
  try {
    for await (const part of program.stdout) {
      parts.push(part)
      size += part.length
      if (size > MOST) program.kill()
    }
    return (await program.exited) === 0 ? Buffer.concat(parts) : new Uint8Array(0)
  } finally {
    clearTimeout(timer)
    program.kill()
  }
}

/** AppleScript prints data as `«data PNGf89504E47…»`. */
function fromScript(bytes: Uint8Array): Uint8Array {
  const [, hex = ''] = /«data PNGf([0-9A-F]*)»/.exec(Buffer.from(bytes).toString('utf8')) ?? []
  return Buffer.from(hex, 'hex')
}
