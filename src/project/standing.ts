import { rmSync } from 'node:fs'
import { resolve } from 'node:path'
import { hashOf } from '../config/files/hash.ts'
import type { Context } from '../context.ts'
import { PaudeError } from '../errors.ts'
import { CERTIFICATES_LIMIT } from '../image/ca.ts'
import { trustFolder } from '../state.ts'
import { printable } from '../text.ts'
import { below, look, realPath } from '../workspace/paths.ts'
import { projectFolders } from '../workspace/workspace.ts'
import { choiceFile } from './devcontainer-choice.ts'
import { readProjectFile } from './project.ts'
import { readStranger } from './stranger-file.ts'
import { type Approval, approvals } from './trust.ts'
import { distrustFile } from './trusted.ts'

/** Takes the user's word back for a file, for all files below a folder, or for those of the project around the current directory. */
export async function revokeHere(context: Context, path: string | undefined): Promise<number> {
  const { host, note, answer } = context
  const [top = host.cwd] = projectFolders(host)
  const place = path === undefined ? top : resolve(host.cwd, path)
  const found = approvals(trustFolder(host)).filter(({ file }) => below(place, file))
  for (const { file } of found) {
    await distrustFile(context, { file })
    answer(printable(file))
  }
  rmSync(choiceFile(host, place), { force: true })
  if (found.length === 0) note(`no file in ${printable(place)} is trusted`)
  return 0
}

/** Whether what was approved is still what is there, with all that the file names. */
export async function standing({ file, hash, also }: Approval): Promise<'trusted' | 'changed' | 'gone'> {
  try {
    const found = readProjectFile(file)
    if (found === null) return 'gone'
    if (found.hash !== hash) return 'changed'
    for (const [path, content] of Object.entries(also)) if ((await contentOf(path, content)) !== content) return 'changed'
    return 'trusted'
  } catch (error) {
    if (error instanceof PaudeError || isSystem(error)) return 'changed'
    throw error
  }
}

/** What an approval keeps of a path, told by what it kept: where a place really is, or a hash of a file or of a folder's files. */
async function contentOf(path: string, kept: string): Promise<string> {
  const real = realPath(path)
  if (real === null || kept.startsWith('/') || kept === 'missing') return real ?? 'missing'
  if (look(path)?.isDirectory()) return (await import('../run/build-context.ts')).contextHash(path)
  const refused = (fault: string) => new PaudeError('refused', `${path} ${fault}`)
  return hashOf(readStranger(path, CERTIFICATES_LIMIT, refused) ?? '')
}

const isSystem = (error: unknown): boolean => error instanceof Error && 'syscall' in error
