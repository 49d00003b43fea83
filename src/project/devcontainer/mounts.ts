import { resolve } from 'node:path'
import { mountWord } from '../../workspace/mount.ts'
import { expand, type Scope } from './expand.ts'
import type { Devcontainer } from './schema.ts'

type Entry = NonNullable<Devcontainer['mounts']>[number]
type Fields = { readonly source: string; readonly target: string; readonly type: string; readonly readOnly: boolean }

/** Bind mounts as words of --mount, writable unless they say otherwise, as an engine takes them. The rest is named. */
export function readMounts(
  entries: readonly Entry[],
  scope: Scope,
): { readonly mount: readonly string[]; readonly ignored: readonly string[] } {
  const read = entries.map((entry, index) => ({ index, ...fieldsOf(entry) }))
  const binds = read.filter(({ type }) => type === 'bind')
  return {
    mount: binds.map(({ index, source, target, readOnly }) => {
      const [from = '', to = ''] = [source, target].map((path) => expand(path, `mounts[${index}]`, scope))
      // In its shortest form, so that what is shown is what is mounted.
      const place = resolve(scope.known['localWorkspaceFolder'] ?? '/', from)
      return `${mountWord(place)}:${mountWord(to)}:${readOnly ? 'ro' : 'rw'}`
    }),
    ignored: read
      .filter(({ type }) => type !== 'bind')
      .map(({ index, type }) => `mounts[${index}] (of type ${type || 'unknown'}; only bind mounts are taken over)`),
  }
}

function fieldsOf(entry: Entry): Fields {
  if (typeof entry !== 'string')
    return {
      source: entry.source ?? '',
      target: entry.target,
      type: entry.type ?? 'bind',
      readOnly: entry.readonly === true,
    }
  const pairs = new Map(
    entry.split(',').map((part): readonly [string, string] => {
      const at = part.indexOf('=')
      return at === -1 ? [part.trim(), 'true'] : [part.slice(0, at).trim(), part.slice(at + 1)]
    }),
  )
  const first = (...names: readonly string[]) => names.map((name) => pairs.get(name)).find((value) => value !== undefined) ?? ''
  return {
    source: first('source', 'src'),
    target: first('target', 'destination', 'dst'),
    // An engine takes a mount without a type for a volume.
    type: first('type') || 'volume',
    readOnly: ['true', '1'].includes(first('readonly', 'ro')),
  }
}
