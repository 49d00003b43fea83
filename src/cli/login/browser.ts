import { findProgram, type Host } from '../../host.ts'
import { onOurEnd } from '../../run/process.ts'
import { colourful } from '../streams/output.ts'

/** Opens an address in the browser of a desktop. Returns whether there is one. */
export function openBrowser(host: Pick<Host, 'platform' | 'env'>, address: string): boolean {
  const program = host.platform === 'darwin' ? 'open' : 'xdg-open'
  const desktop = host.platform === 'darwin' ? !host.env['SSH_CONNECTION'] : host.env['DISPLAY'] || host.env['WAYLAND_DISPLAY']
  if (!desktop || findProgram(host, program) === null) return false
  // Some browsers stay in the foreground of xdg-open: nobody waits for them.
  onOurEnd([program, address], program).close()
  return true
}

/** An address as a link, where the terminal can (OSC 8); others show the same text. It is one line, however long. */
export const linkOf = (host: Host, address: string): string =>
  colourful(host, 'stderr') ? `\x1b]8;;${address}\x1b\\${address}\x1b]8;;\x1b\\` : address
