import { lstatSync, type Stats } from 'node:fs'
import { dirname, isAbsolute } from 'node:path'
import type { Host } from '../../host.ts'
import { look } from '../../workspace/paths.ts'

/**
 * Of the folder that a volume names: this user's, deleted, or neither for certain. Also a folder that cannot be looked at, on a disk that
 * is not mounted, or of another user or machine is not seen: so one counts as deleted only where the folder above it is this user's.
 */
export type FolderState = 'own' | 'deleted' | 'unsure'

export function folderState({ uid }: Pick<Host, 'uid'>, path: string): FolderState {
  if (!isAbsolute(path)) return 'unsure'
  try {
    return lstatSync(path).uid === uid ? 'own' : 'unsure'
  } catch (error) {
    return (error as { code?: string }).code === 'ENOENT' && isOwnFolder(look(dirname(path)), uid) ? 'deleted' : 'unsure'
  }
}

const isOwnFolder = (stats: Stats | null, uid: number): boolean => stats?.isDirectory() === true && stats.uid === uid
