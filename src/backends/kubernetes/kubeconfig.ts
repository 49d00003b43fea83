import { readFileSync } from 'node:fs'
import type { Host } from '../../host.ts'
import { clientFiles } from '../../run/client-files.ts'
import { programs } from '../names.ts'

/** Files of the kubeconfig, as kubectl merges them. */
export const kubeconfigs = (host: Pick<Host, 'env' | 'home'>): readonly string[] => clientFiles(programs.kubernetes, host)

/** The context that kubectl takes when nobody names one: of the first file that has one. '' where none does, and kubectl then says so. */
export function currentContext(host: Pick<Host, 'env' | 'home'>): string {
  for (const path of kubeconfigs(host)) {
    const [, quoted, single, plain] =
      /^(?:\s*"current-context"|current-context):\s*(?:"([^"\\]*)"|'([^']*)'|([^\s#'"]\S*))\s*(?:,|#.*)?$/m.exec(textOf(path)) ??
      []
    const found = quoted ?? single ?? plain ?? ''
    if (found !== '') return found
  }
  return ''
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
