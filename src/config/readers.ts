import { readBaseUrl } from '../agents/base-url.ts'
import { PaudeError } from '../errors.ts'
import { detachBytes } from '../hold/keys.ts'
import { readAgentVersion } from '../image/agent-version.ts'
import { insistOnImage } from '../image/reference.ts'
import { findGroup, parseDenyEntry, parseEntry } from '../network/groups.ts'
import { parseExcept, readUsualPort } from '../network/pattern.ts'
import { readNameServer, readUpstream } from '../network/ways.ts'
import { parseMount } from '../workspace/mount.ts'
import { extraFlagFault } from './extra-flags.ts'
import { type FileKey, fileKeys } from './keys.ts'
import { readLines } from './limits.ts'
import type { Profile } from './schema.ts'
import type { Layer, Reference } from './settings.ts'
import { valueAt } from './value-at.ts'
import { insistOnLogin, insistOnReference, readEntry } from './variable-name.ts'

/** By these a start reads a value, or each entry of a list. What they refuse no file may say; limits and speed are in the schema. */
const READERS: Readonly<Partial<Record<FileKey, (value: string, key: string) => unknown>>> = {
  'provider.base_url': readBaseUrl,
  'image.ref': insistOnImage,
  'image.base': insistOnImage,
  'image.agent_version': readAgentVersion,
  'network.allow': (entry) => parseEntry(entry, ''),
  'network.deny': (entry) => parseDenyEntry(entry, ''),
  'network.groups': findGroup,
  'network.ports': readUsualPort,
  'network.upstream_proxy': readUpstream,
  'network.upstream_credentials': insistOnLogin,
  'network.upstream_except': parseExcept,
  'network.dns': readNameServer,
  // Whose home and folder it is decides what is meant, not whether it is a mount.
  mounts: (word) => parseMount(word, { cwd: '/', home: '/' }),
  'docker.extra_flags': insistOnFlag,
  'podman.extra_flags': insistOnFlag,
  'terminal.detach_keys': detachBytes,
  'terminal.scrollback': readLines,
}

function insistOnFlag(flag: string): void {
  const fault = extraFlagFault(flag)
  if (fault !== null) throw new PaudeError('refused', fault)
}

/** What no start would take of a part of a file, with the key that says it; null for nothing. */
export function unreadable(part: Profile): { readonly key: string; readonly error: PaudeError } | null {
  for (const key of Object.keys(fileKeys) as FileKey[]) {
    const read = READERS[key]
    const value = read === undefined ? undefined : (valueAt(part, key.split('.')) as string | readonly string[] | undefined)
    const error = refusal(() => {
      for (const one of value === undefined ? [] : [value].flat()) read?.(one, key)
    })
    if (error !== null) return { key, error }
  }
  return unreadableVariable(part.env)
}

function unreadableVariable(env: Pick<Layer, 'env' | 'references'> = {}): ReturnType<typeof unreadable> {
  const checks: readonly (readonly [name: string, check: () => void])[] = [
    ...(env.env ?? []).map((entry) => [entry.split('=')[0] ?? '', () => void readEntry(entry)] as const),
    ...(env.references ?? []).map((one: Reference) => [one.name, () => insistOnReference(one)] as const),
  ]
  for (const [name, check] of checks) {
    const error = refusal(check)
    if (error !== null) return { key: `env.${name}`, error }
  }
  return null
}

function refusal(read: () => unknown): PaudeError | null {
  try {
    read()
    return null
  } catch (error) {
    if (error instanceof PaudeError) return error
    throw error
  }
}
