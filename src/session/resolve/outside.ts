import { resolve } from 'node:path'
import type { NamedPath } from '../../agents/agent.ts'
import type { Mount } from '../../box/spec.ts'
import type { Host } from '../../host.ts'
import { commandLine } from '../../plan/shell.ts'
import { shown } from '../../text.ts'
import { checkMount, mountWord, parseMount } from '../../workspace/mount.ts'
import { below, look, realPath } from '../../workspace/paths.ts'

type Machine = Pick<Host, 'cwd' | 'home' | 'uid' | 'env'>

/** What to tell of paths in the agent's words that mean something on this machine and are not in the box. Nothing is mounted unasked. */
export const outside = (paths: readonly NamedPath[], host: Machine, mounts: readonly Mount[]): readonly string[] =>
  paths.flatMap(({ option, path, written }) => {
    const place = resolve(host.cwd, path)
    const found = realPath(place)
    const inBox = (one: string) => mounts.some(({ target }) => below(target, one))
    if (inBox(place) && inBox(found ?? place)) return []
    const name = `${option} ${shown(path)}`
    if (written) return [`${name} is written in the sandbox, not on this machine; to keep the file, name one in the project`]
    // What is nowhere is the agent's own error.
    if (found === null || look(found) === null) return []
    // A link that is in the box itself needs only what it leads to.
    const word = mountable(found, inBox(place) ? found : place, host)
    const advice = word === null ? 'copy it into the project' : `to mount it: paude ${shown(commandLine(['--mount', word]))}`
    return [`${name} is on this machine, not in the sandbox; ${advice}`]
  })

/** The word of a mount that would bring it in at its place, if one may. */
function mountable(source: string, place: string, host: Machine): string | null {
  const word = source === place ? mountWord(source) : `${mountWord(source)}:${mountWord(place)}`
  try {
    checkMount(parseMount(word, host), host)
    return word
  } catch {
    return null
  }
}
