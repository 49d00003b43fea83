import type { Feature } from '../../plan/plan.ts'
import { unfit } from './registry.ts'

/** What a feature says of itself in devcontainer-feature.json, as far as it matters for a box. */
export type About = {
  /** Values of the options that are not given. */
  readonly defaults: Readonly<Record<string, string>>
  readonly containerEnv: Readonly<Record<string, string>>
  readonly dependsOn: readonly Feature[]
  readonly installsAfter: readonly string[]
  /** Why it cannot work in a box; '' where nothing speaks against it. */
  readonly useless: string
}

export type Known = Feature & { readonly about: About }

/** Reads the file; what has another type than it should says nothing. */
export function readAbout(name: string, text: string): About {
  let found: Tree
  try {
    found = asTree(JSON.parse(text))
  } catch {
    throw unfit(name, 'has a devcontainer-feature.json that is not JSON')
  }
  const needed = asTree(found['dependsOn'])
  const long = Object.keys(needed).find((one) => one.length > MOST_NAME)
  if (long !== undefined) throw unfit(name, `depends on a feature with too long a name: ${long.slice(0, 60)}…`)
  const defaults = Object.entries(asTree(found['options'])).flatMap(([key, option]) => {
    const value = asTree(option)['default']
    return ['string', 'boolean', 'number'].includes(typeof value) ? [[key, String(value)] as const] : []
  })
  return {
    defaults: Object.fromEntries(defaults),
    containerEnv: Object.fromEntries(
      Object.entries(asTree(found['containerEnv'])).flatMap(([key, value]) => (typeof value === 'string' ? [[key, value]] : [])),
    ),
    dependsOn: Object.entries(needed).map(([one, said]) => ({
      name: one,
      options: optionsOf(said),
      folder: '',
      digest: '',
    })),
    installsAfter: Array.isArray(found['installsAfter'])
      ? found['installsAfter'].filter((one) => typeof one === 'string' && one.length <= MOST_NAME)
      : [],
    useless:
      found['privileged'] === true
        ? 'it needs privileges that a sandbox does not have'
        : JSON.stringify(found['mounts'] ?? '').includes('.sock')
          ? 'a sandbox cannot reach the engine'
          : '',
  }
}

/**
 * The order of installation: what a feature depends on comes before it, and what it is to follow too where that is wanted as well.
 * Otherwise they stay as they are.
 */
export function inOrder(features: readonly Known[]): readonly Known[] {
  const waiting = [...features]
  const done: Known[] = []
  const ready = (names: readonly string[]) =>
    names.every((name) => waiting.every((one) => plainName(one.name) !== plainName(name)))
  while (waiting.length > 0) {
    const hard = ({ about }: Known) => ready(about.dependsOn.map(({ name }) => name))
    const next = waiting.findIndex(
      (one) => hard(one) && ready(one.about.installsAfter.filter((name) => plainName(name) !== plainName(one.name))),
    )
    // Wishes may go in a circle, needs may not.
    const at = next === -1 ? waiting.findIndex(hard) : next
    const [one] = at === -1 ? [] : waiting.splice(at, 1)
    if (one === undefined) throw unfit(waiting[0]?.name ?? '', 'depends on itself')
    done.push(one)
  }
  return done
}

/** Characters of a name, which is searched through. */
export const MOST_NAME = 256

/** A feature whatever its version. */
export const plainName = (name: string): string => name.replace(/(?<=\/[^/]*)(?::[\w.-]*|@sha256:[0-9a-f]*)$/, '').toLowerCase()

function optionsOf(said: unknown): Readonly<Record<string, string>> {
  if (typeof said === 'string') return { version: said }
  return Object.fromEntries(
    Object.entries(asTree(said)).flatMap(([key, value]) =>
      ['string', 'boolean', 'number'].includes(typeof value) ? [[key, String(value)]] : [],
    ),
  )
}

type Tree = Readonly<Record<string, unknown>>
const asTree = (value: unknown): Tree =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Tree) : {}
