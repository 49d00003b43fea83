import { dirname, resolve } from 'node:path'
import * as v from 'valibot'
import { PaudeError } from '../../errors.ts'
import type { ImageBuild } from '../../image/project-build.ts'
import { MOST_NAME, plainName } from '../../run/features/order.ts'
import { MOST_FEATURES, PUBLISHED } from '../../run/features/registry.ts'
import { quoted, shown } from '../../text.ts'
import { below, look, realPath } from '../../workspace/paths.ts'
import { readProjectFile } from '../project.ts'
import type { Heard, Left, Scope } from './expand.ts'
import type { Devcontainer } from './schema.ts'

/** Features that are nothing without what no box gives, by the last word of their names. */
const USELESS: Readonly<Record<string, string>> = {
  'docker-in-docker': 'it needs privileges that a sandbox does not have',
  'docker-outside-of-docker': 'a sandbox cannot reach the engine',
  'docker-from-docker': 'a sandbox cannot reach the engine',
  'kind-in-docker': 'it needs privileges that a sandbox does not have',
  'podman-in-podman': 'it needs privileges that a sandbox does not have',
  sshd: 'a sandbox has no SSH server; use paude shell',
  'desktop-lite': 'a sandbox has no desktop',
}

/** Options of a feature land in argv and in the environment of its installation. */
const OPTION = /^[A-Za-z_][\w.-]{0,63}$/

/** Features in the order in which they are written. Those that cannot work are left out by name. */
export function readFeatures(
  { features = {}, overrideFeatureInstallOrder = [] }: Devcontainer,
  root: string,
  { scope, left }: Heard,
): ImageBuild['features'] {
  if (Object.keys(features).length > MOST_FEATURES)
    throw new PaudeError('refused', `${shown(scope.file)}: more than ${MOST_FEATURES} features`, {
      hint: 'remove some, or start without the file: paude --devcontainer=off',
    })
  const lock = Object.keys(features).length === 0 ? {} : readLock(scope.file, left)
  const order = overrideFeatureInstallOrder.filter((name) => name.length <= MOST_NAME).map(plainName)
  const first = (name: string) => {
    const at = order.indexOf(plainName(name))
    return at === -1 ? order.length : at
  }
  return Object.entries(features)
    .filter(([name]) => {
      if (name.length > MOST_NAME) left(`feature ${name.slice(0, 60)}… (its name is too long)`)
      return name.length <= MOST_NAME
    })
    .toSorted(([one], [other]) => first(one) - first(other))
    .flatMap(([name, said]) => {
      const word = plainName(name).split('/').at(-1) ?? ''
      const why = Object.hasOwn(USELESS, word) ? USELESS[word] : undefined
      const options = optionsOf(said)
      if (why !== undefined || options === null) {
        left(`feature ${name} (${why ?? 'its options cannot be read'})`)
        return []
      }
      if (name.startsWith('./') || name.startsWith('../'))
        return [{ name, options, folder: localFolder(name, root, scope), digest: '' }]
      // A registry has small letters alone, whatever people write.
      const published = `${plainName(name)}${name.slice(plainName(name).length)}`
      if (PUBLISHED.test(published)) return [{ name: published, options, folder: '', digest: lock[name] ?? '' }]
      // The older short form, without a registry.
      left(`feature ${name} (not published in a registry)`)
      return []
    })
}

const DIGEST = /^sha256:[0-9a-f]{64}$/
const Lock = v.looseObject({ features: v.record(v.string(), v.looseObject({ resolved: v.string() })) })

/** Digests that the lock file beside it names, by the features as they are written. What it says of another feature counts for nothing. */
function readLock(file: string, left: Left): Readonly<Record<string, string>> {
  const found = readProjectFile(file.replace(/devcontainer\.json$/, 'devcontainer-lock.json'))
  if (found === null) return {}
  const result = v.safeParse(Lock, parsed(found.text))
  if (!result.success) {
    left('devcontainer-lock.json (paude cannot read it)')
    return {}
  }
  return Object.fromEntries(
    Object.entries(result.output.features).flatMap(([name, { resolved }]) => {
      const [path = '', digest = ''] = resolved.split('@')
      return name.length <= MOST_NAME && path === plainName(name) && DIGEST.test(digest) ? [[name, digest]] : []
    }),
  )
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** A text alone is a version. null for what is none. */
function optionsOf(said: unknown): Readonly<Record<string, string>> | null {
  if (typeof said === 'string') return { version: said }
  if (typeof said === 'boolean' || said === null) return said === false ? null : {}
  if (typeof said !== 'object' || Array.isArray(said)) return null
  const entries = Object.entries(said).map(([name, value]) => [name, value === null ? '' : value] as const)
  const fit = entries.every(
    ([name, value]) =>
      OPTION.test(name) && ['string', 'number', 'boolean'].includes(typeof value) && !String(value).includes('\0'),
  )
  return fit ? Object.fromEntries(entries.map(([name, value]) => [name, String(value)])) : null
}

/** Where a feature of the project really is. Its files are approved and copied as those of a build are. */
function localFolder(name: string, root: string, { file }: Scope): string {
  const path = resolve(dirname(file), name)
  const real = realPath(path)
  const fault =
    real === null || !look(real)?.isDirectory()
      ? `features: ${quoted(name)} is not a folder`
      : below(root, real) && real !== root
        ? null
        : `features: ${quoted(name)} is outside the project`
  if (fault === null && real !== null) return real
  throw new PaudeError('refused', `${shown(file)}: ${fault}`, {
    hint: 'correct it, or start without the file: paude --devcontainer=off',
  })
}
