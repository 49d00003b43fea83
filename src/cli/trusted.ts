import { resolve } from 'node:path'
import { readProjectFile } from '../config/project.ts'
import { type Approval, approvals, revoke } from '../config/trust.ts'
import { PaudeError } from '../errors.ts'
import { trustFolder } from '../session/store.ts'
import { below } from '../workspace/paths.ts'
import { projectFolders } from '../workspace/workspace.ts'
import type { Context } from './context.ts'
import { printable } from './output.ts'

/** Takes the user's word back for a file, for all files below a folder, or for those of the project around the current directory. */
export function revokeHere({ host, note, answer }: Context, path: string | undefined): number {
  const [top = host.cwd] = projectFolders(host)
  const place = path === undefined ? top : resolve(host.cwd, path)
  const found = approvals(trustFolder(host)).filter(({ file }) => below(place, file))
  for (const { file } of found) {
    revoke(trustFolder(host), file)
    answer(printable(file))
  }
  if (found.length === 0) note(`nothing is trusted in ${printable(place)}`)
  return 0
}

/** Whether what was approved is still what is there. */
export function standing({ file, hash }: Approval): 'trusted' | 'changed' | 'gone' {
  try {
    const found = readProjectFile(file)
    return found === null ? 'gone' : found.hash === hash ? 'trusted' : 'changed'
  } catch (error) {
    if (error instanceof PaudeError) return 'changed'
    throw error
  }
}
