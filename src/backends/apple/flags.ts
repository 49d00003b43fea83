import { sessionLabels } from '../../box/labels.ts'
import type { SessionSpec } from '../../box/spec.ts'
import { PaudeError } from '../../errors.ts'
import type { Helper } from '../backend.ts'

/** `--volume` splits its value at every colon, and nothing quotes one. */
function place(path: string): string {
  if (!path.includes(':')) return path
  throw new PaudeError('unsupported', `apple cannot mount ${path}: its path has a colon`, {
    hint: 'rename that folder, or choose another backend',
  })
}

const mounted = (source: string, target: string, readOnly: boolean): string =>
  `--volume=${place(source)}:${place(target)}${readOnly ? ':ro' : ''}`

/**
 * A folder or file of this machine. `--mount` takes no files. The virtual machine gets the whole folder of a file: each lies in one that may be
 * seen as a whole.
 */
export const bind = (source: string, target: string, readOnly: boolean): string => mounted(source, target, readOnly)

/** A volume. One that does not exist would be made without labels, so each is made before. */
export const volume = (name: string, target: string, readOnly = false): string => mounted(name, target, readOnly)

/** A socket of this machine: each connection to it inside is made here. It has to exist when the container is made, and when it starts. */
export const socket = (source: string, target: string): string => mounted(source, target, false)

/** `--tmpfs` takes no options. A comma and an equals sign would be more of them here. */
export function tmpfs(target: string, mebibytes: number): string {
  if (!/[,=]/.test(target)) return `--mount=type=tmpfs,destination=${target},size=${mebibytes}M,mode=1777`
  throw new PaudeError('unsupported', `apple cannot mount ${target}: its path has a comma or an equals sign`, {
    hint: 'choose another backend',
  })
}

/** Without any interface but loopback, and without a resolver: the one wall that does not depend on a network of the engine's. */
export const NO_NETWORK: readonly string[] = ['--network=none', '--no-dns']

/** A label takes no second equals sign. */
const escaped = (text: string): string => text.replaceAll('%', '%25').replaceAll('=', '%3D')

export const unescaped = (text: string): string => text.replaceAll('%3D', '=').replaceAll('%25', '%')

/** As labels of a container or a volume; one that says nothing is left out. */
export const labelFlags = (facts: Readonly<Record<string, string>>): readonly string[] =>
  Object.entries(facts)
    .filter(([, value]) => value !== '')
    .map(([key, value]) => `--label=paude.${key}=${escaped(value)}`)

/** Labels from which a lost session folder is told again, as flags. */
export const labels = (spec: SessionSpec, role: 'agent' | 'proxy' | 'helper'): readonly string[] =>
  labelFlags(sessionLabels(spec, role))

/** By these labels orphans are found. */
export const helperFlags = ({ container, created }: Helper): readonly string[] => [
  `--name=${container}`,
  ...labelFlags({ id: container, role: 'helper', created }),
]

/** Of a container that looks into an image or a volume, and is gone afterwards. */
export const HELPER: readonly string[] = ['run', '--rm', '--progress=none']

/** What holds of each of our containers but the proxy. It need not be asked for: programs of an image run with nothing else. */
export const CONFINED: readonly string[] = [...NO_NETWORK, '--cap-drop=ALL', '--read-only']

/** Mebibytes of a virtual machine that only serves: less than 200 is refused. */
export const SMALL: readonly string[] = ['--cpus=1', '--memory=256M']

/** A virtual machine always has a size. Without a word it would be 1 GiB, too little for an agent. */
const USUAL_MEMORY = 4096

/** The size of a box: whole cores, and whole mebibytes. */
export const limitFlags = ({ limits: { cpus, memory } }: Pick<SessionSpec, 'limits'>): readonly string[] => [
  ...(cpus > 0 ? [`--cpus=${Math.ceil(cpus)}`] : []),
  `--memory=${memory > 0 ? Math.max(LEAST_MEMORY, Math.floor(memory / 1024 ** 2)) : USUAL_MEMORY}M`,
]

const LEAST_MEMORY = 200
