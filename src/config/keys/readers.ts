import { readLines } from '../../box/limits.ts'
import { readBaseUrl } from '../../credentials/base-url.ts'
import type { Reference } from '../../credentials/source.ts'
import { PaudeError } from '../../errors.ts'
import { detachBytes } from '../../hold/keys.ts'
import { readAgentVersion } from '../../image/agent-version.ts'
import { insistOnImage } from '../../image/reference.ts'
import { findGroup, parseDenyEntry, parseEntry } from '../../network/groups.ts'
import { parseExcept, readUsualPort } from '../../network/pattern.ts'
import { readNameServer, readUpstream } from '../../network/ways.ts'
import { parseMount } from '../../workspace/mount.ts'
import { type FileKey, fileKeys } from './all.ts'
import { extraFlagFault } from './extra-flags.ts'
import type { Profile } from './schema.ts'
import type { Layer } from './settings.ts'
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

type Unreadable = { readonly key: string; readonly error: PaudeError }

/** What no start would take of a part of a file, with the keys that say it. */
export const unreadable = (part: Profile): readonly Unreadable[] => [
  ...(Object.keys(fileKeys) as FileKey[]).flatMap((key) => {
    const read = READERS[key]
    const value = read === undefined ? undefined : (valueAt(part, key.split('.')) as string | readonly string[] | undefined)
    return (value === undefined ? [] : [value].flat()).flatMap((one) => refusal(key, () => read?.(one, key)))
  }),
  ...unreadableVariables(part.env),
]

const unreadableVariables = (env: Pick<Layer, 'env' | 'references'> = {}): readonly Unreadable[] => [
  ...(env.env ?? []).flatMap((entry) => refusal(`env.${entry.split('=')[0] ?? ''}`, () => readEntry(entry))),
  ...(env.references ?? []).flatMap((one: Reference) => refusal(`env.${one.name}`, () => insistOnReference(one))),
]

function refusal(key: string, read: () => unknown): readonly Unreadable[] {
  try {
    read()
    return []
  } catch (error) {
    if (error instanceof PaudeError) return [{ key, error }]
    throw error
  }
}
