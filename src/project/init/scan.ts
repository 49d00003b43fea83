import { dirname, join, relative } from 'node:path'
import { look, readSmall } from '../../workspace/paths.ts'
import { type Marker, markers } from './markers.ts'

/** A marker that is there. `name` is its path from the project's top; `text` is '' when it is too large to be worth reading. */
export type Found = { readonly marker: Marker; readonly name: string; readonly text: string }

/** Looks for markers in these folders, from the top down. No link is followed, in or out of the project, and nothing large is read. */
export function lookProject(folders: readonly string[]): readonly Found[] {
  const [top = ''] = folders
  return folders.flatMap((folder) =>
    markers.flatMap((marker): readonly Found[] => {
      const path = join(folder, marker.file)
      const parent = dirname(path)
      if (!look(path)?.isFile() || !look(parent)?.isDirectory()) return []
      return [{ marker, name: relative(top, path), text: marker.reads || marker.pins ? (readSmall(path) ?? '') : '' }]
    }),
  )
}
