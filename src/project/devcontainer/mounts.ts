import { resolve } from 'node:path'
import { PaudeError } from '../../errors.ts'
import type { Host } from '../../host.ts'
import { shown } from '../../text.ts'
import { checkMount, mountWord, parseMount } from '../../workspace/mount.ts'
import { below, realFuture } from '../../workspace/paths.ts'
import { writableFolders } from '../../workspace/workspace.ts'
import { expandOr, type Heard } from './expand.ts'
import type { Devcontainer } from './schema.ts'

type Entry = NonNullable<Devcontainer['mounts']>[number]
type Fields = { readonly source: string; readonly target: string; readonly type: string; readonly readOnly: boolean }

/** Each of them is looked through for sockets, and before anybody trusts the file. */
const MOST_MOUNTS = 32

/** What mounts are held against. */
export type Ground = { readonly root: string; readonly host: Pick<Host, 'home' | 'env'> }

/**
 * Bind mounts as words of --mount, writable unless they say otherwise, as an engine takes them. What no start would take is left out by
 * name. A start checks again what is taken: this look only decides what the file means.
 */
export function readMounts(entries: readonly Entry[], { root, host }: Ground, { scope, left }: Heard): readonly string[] {
  const targets = new Set<string>()
  const writable = writableFolders(root, host)
  return entries.flatMap((entry, index) => {
    const { source, target, type, readOnly } = fieldsOf(entry)
    const key = `mounts[${index}]`
    if (type !== 'bind') {
      left(`${key} (of type ${type || 'unknown'}; paude only uses bind mounts)`)
      return []
    }
    if (index >= MOST_MOUNTS) {
      left(`${key} (paude only reads the first ${MOST_MOUNTS})`)
      return []
    }
    if (target === '') {
      left(`${key} (it has no target in the sandbox)`)
      return []
    }
    const [from, to] = [source, target].map((path) => expandOr(path, key, { scope, left }))
    if (from == null || to == null) return []
    // In its shortest form, so that what is shown is what is mounted.
    const place = resolve(scope.known['localWorkspaceFolder'] ?? '/', from)
    const word = `${mountWord(place)}:${mountWord(to)}:${readOnly ? 'ro' : 'rw'}`
    const fault = targets.has(to)
      ? `${to}: another mount already uses this path`
      : faultOf({ place, to, word }, { root, host, writable })
    targets.add(to)
    if (fault === null) return [word]
    left(`${key} (${fault})`)
    return []
  })
}

function faultOf(
  { place, to, word }: { readonly place: string; readonly to: string; readonly word: string },
  { root, host, writable }: Ground & { readonly writable: readonly string[] },
): string | null {
  // What lies there the agent can replace by a link to anything, and no approval would notice.
  if (writable.some((own) => below(own, place) || below(own, realFuture(place))))
    return `${place}: the project is mounted at its own path`
  if (below(root, to) || below(to, root)) return `${to}: it would hide the project`
  try {
    // The source first: that something is a socket says more than that its place is taken.
    checkMount({ source: place, target: '/data', readOnly: true }, host)
    parseMount(word, { cwd: '/', home: host.home })
    return null
  } catch (error) {
    if (!(error instanceof PaudeError)) throw error
    const fault = error.message.replace(/^cannot mount (at )?/, '')
    const named = `${shown(place)}: `
    return fault.startsWith(`${named}${shown(place)} `) ? fault.slice(named.length) : fault
  }
}

function fieldsOf(entry: Entry): Fields {
  if (typeof entry !== 'string')
    return {
      source: entry.source ?? '',
      target: entry.target ?? '',
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
