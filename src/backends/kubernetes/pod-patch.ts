import type { Json, PodChange } from '../../box/cluster.ts'
import { PaudeError } from '../../errors.ts'
import { quoted } from '../../text.ts'
import { NAME } from './words.ts'

/**
 * One operation of `pod_patch`, a JSON patch of the agent's pod. Only places that open nothing are taken: everything else of a pod may
 * give a privilege, a namespace of the node, a token, or another program beside the agent, and a new release may add what nobody here
 * has heard of. What the comparison `asSent` looks at is therefore never changed by it.
 */
export function readChange(entry: string): PodChange {
  const { op, path, value } = parsed(entry)
  if (op !== 'add' && op !== 'replace') throw fault(entry, 'is not an allowed operation', 'write "op": "add", or "op": "replace"')
  if (typeof path !== 'string') throw fault(entry, 'has no path', EXAMPLE)
  if (!Object.hasOwn(PLACES, path)) throw fault(entry, `is refused: ${path} ${reasonOf(path)}`, ALLOWED)
  const why = value === undefined ? 'needs a value' : PLACES[path]?.(value)
  if (why !== undefined && why !== '') throw fault(entry, `is refused: the value of ${path} ${why}`, ALLOWED)
  if (op === 'replace' && path.endsWith('/-')) throw fault(entry, 'replaces an entry that is not there yet', 'write "op": "add"')
  return { path, value: value ?? null }
}

function parsed(entry: string): Readonly<Record<string, Json | undefined>> {
  let read: Json
  try {
    read = JSON.parse(entry)
  } catch {
    throw fault(entry, 'is not JSON', EXAMPLE)
  }
  if (!isTable(read) || unknown(read, ['op', 'path', 'value']) !== undefined)
    throw fault(entry, 'is not an operation with op, path and value', EXAMPLE)
  return read
}

/** Why a value is refused; '' for one that is taken. */
type Judge = (value: Json) => string

const isText: Judge = (value) => (typeof value === 'string' && NAME.test(value) ? '' : 'must be a name')
const isTableOrList: Judge = (value) => (typeof value === 'object' && value !== null ? '' : 'must be a table or a list')

/** Volumes that every pod of a session may have: what is there already keeps its name and its places. */
const OWN_VOLUMES = ['account', 'home', 'imported', 'kit', 'link', 'run', 'seed', 'tmp', 'way', 'workspace', 'workspaces']

const PLACES: Readonly<Record<string, Judge>> = {
  '/spec/affinity': isTableOrList,
  '/spec/topologySpreadConstraints': isTableOrList,
  '/spec/schedulerName': isText,
  '/spec/preemptionPolicy': (value) => (value === 'Never' || value === 'PreemptLowerPriority' ? '' : 'must be Never'),
  '/spec/priorityClassName': (value) =>
    typeof value === 'string' && value.startsWith('system-') ? "is one of the cluster's own" : isText(value),
  '/spec/hostUsers': (value) => (value === false ? '' : 'must be false: true shares the users of the node'),
  '/spec/tolerations/-': tolerationFault,
  '/spec/volumes/-': volumeFault,
  '/spec/containers/0/volumeMounts/-': mountFault,
}

function tolerationFault(value: Json): string {
  if (!isTable(value)) return 'must be a table'
  const odd = unknown(value, ['key', 'operator', 'value', 'effect', 'tolerationSeconds'])
  if (odd !== undefined) return `has an unknown key ${odd}`
  // An empty key tolerates every taint.
  return typeof value['key'] === 'string' && value['key'] !== '' ? '' : 'needs a key'
}

function volumeFault(value: Json): string {
  if (!isTable(value)) return 'must be a table'
  const { name = null, ...source } = value
  const fault = nameFault(name)
  if (fault !== '') return fault
  const [[kind, from = null] = [''], ...more] = Object.entries(source)
  if (more.length > 0) return 'must have one source'
  if (!Object.hasOwn(SOURCES, kind))
    return `has the source ${kind || 'nothing'}: only ${Object.keys(SOURCES).join(', ')} are taken`
  return isTable(from) ? (SOURCES[kind]?.(from) ?? '') : `has a source ${kind} that is not a table`
}

type Table = { readonly [key: string]: Json }

/** What a volume may be: nothing of the node, no Secret, nothing of another session, and nothing that a driver fetches. */
const SOURCES: Readonly<Record<string, (from: Table) => string>> = {
  emptyDir: (from) => {
    const odd = unknown(from, ['medium', 'sizeLimit'])
    if (odd !== undefined) return `has an unknown key ${odd}`
    return from['medium'] === undefined || from['medium'] === 'Memory' || from['medium'] === ''
      ? ''
      : 'has a medium other than Memory'
  },
  ephemeral: (from) => {
    const template = from['volumeClaimTemplate'] ?? null
    const odd = unknown(from, ['volumeClaimTemplate'])
    if (odd !== undefined || !isTable(template)) return `has an unknown key ${odd ?? 'ephemeral'}`
    const spec = template['spec'] ?? null
    if (unknown(template, ['spec']) !== undefined || !isTable(spec)) return 'needs a volumeClaimTemplate with a spec alone'
    // A source of its data would be a copy of any claim of the namespace.
    const strange = unknown(spec, ['accessModes', 'resources', 'storageClassName'])
    return strange === undefined ? '' : `has ${strange}, which can bring the data of another volume`
  },
  configMap: (from) => {
    const odd = unknown(from, ['name', 'items', 'defaultMode', 'optional'])
    return odd === undefined ? foreignFault(from['name'] ?? null) : `has an unknown key ${odd}`
  },
  persistentVolumeClaim: (from) => {
    const odd = unknown(from, ['claimName', 'readOnly'])
    return odd === undefined ? foreignFault(from['claimName'] ?? null) : `has an unknown key ${odd}`
  },
}

function mountFault(value: Json): string {
  if (!isTable(value)) return 'must be a table'
  const odd = unknown(value, ['name', 'mountPath', 'readOnly', 'subPath'])
  if (odd !== undefined) return `has an unknown key ${odd}`
  const { name = null, mountPath = null, subPath = 'sub' } = value
  const fault = nameFault(name)
  if (fault !== '') return fault
  if (typeof subPath !== 'string' || !isPlain(`/${subPath}`)) return 'has a subPath that is not a plain path'
  if (typeof mountPath !== 'string' || !isPlain(mountPath)) return 'needs a mountPath that is a plain absolute path'
  if (mountPath === '/dev/shm') return ''
  const isBelow = (path: string, place: string) => `${path}/`.startsWith(`${place}/`)
  const taken = KEPT.find((place) => isBelow(mountPath, place))
  if (taken !== undefined) return `is below ${taken}, where programs and files of the sandbox itself are`
  const hidden = KEPT.find((place) => isBelow(place, mountPath))
  return hidden === undefined ? '' : `would hide ${hidden}, where programs and files of the sandbox itself are`
}

/** Where a box has what guards it, or what the system writes. */
const KEPT = [
  ...['/paude', '/etc', '/proc', '/sys', '/dev', '/run', '/var/run'],
  ...['/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32', '/usr'],
]

const isPlain = (path: string): boolean => /^(\/[\w@%+=,.-]+)+$/.test(path) && !path.split('/').some((part) => /^\.+$/.test(part))

function nameFault(name: Json): string {
  if (typeof name !== 'string' || !NAME.test(name)) return 'needs a name'
  return OWN_VOLUMES.includes(name) ? `names the volume ${name}, which is paude's own` : ''
}

const foreignFault = (name: Json): string =>
  typeof name !== 'string' || !NAME.test(name)
    ? 'needs the name of its source'
    : name.startsWith('paude')
      ? `names ${name}, which may belong to another session`
      : ''

/** Why well-known places are not among them. The longest that fits is told. */
const REASONS: readonly (readonly [place: string, why: string])[] = [
  ['/metadata/labels', 'has a key of its own; use kubernetes.labels'],
  ['/metadata/annotations', 'has a key of its own; use kubernetes.annotations'],
  ['/spec/serviceAccountName', 'has a key of its own; use kubernetes.service_account'],
  ['/spec/automountServiceAccountToken', 'gives the agent a token; use kubernetes.service_account'],
  ['/spec/nodeSelector', 'has a key of its own; use kubernetes.node_selector'],
  ['/spec/runtimeClassName', 'has a key of its own; use kubernetes.runtime_class'],
  ['/spec/imagePullSecrets', 'has a key of its own; use kubernetes.pull_secrets'],
  ['/spec/hostNetwork', 'gives the agent the network of the node'],
  ['/spec/hostPID', 'shows the processes of the node'],
  ['/spec/hostIPC', 'shares memory with the node'],
  ['/spec/shareProcessNamespace', 'shares the processes of the pod'],
  ['/spec/securityContext', 'loosens the hardening; [security] has the keys for what you can give up'],
  ['/spec/dnsPolicy', 'bypasses the proxy'],
  ['/spec/dnsConfig', 'bypasses the proxy'],
  ['/spec/hostAliases', 'changes how names resolve'],
  ['/spec/initContainers', 'adds or changes a program that runs beside the agent'],
  ['/spec/ephemeralContainers', 'adds or changes a program that runs beside the agent'],
  ['/spec/containers', 'adds or changes a program that runs beside the agent'],
  ['/spec/containers/0/securityContext', 'loosens the hardening; [security] has the keys for what you can give up'],
  ['/spec/containers/0/env', 'has a key of its own; use env'],
  ['/spec/containers/0/envFrom', 'can give the agent a secret; use env'],
  ['/spec/containers/0/image', 'has a key of its own; use image.ref'],
  ['/spec/containers/0/command', 'replaces the first program of the sandbox'],
  ['/spec/containers/0/args', 'replaces the first program of the sandbox'],
  ['/spec/containers/0/resources', 'has keys of its own; use kubernetes.requests, kubernetes.limits and [limits]'],
  ['/spec/volumes', 'replaces a volume of the sandbox; /spec/volumes/- adds one'],
  ['/spec/containers/0/volumeMounts', 'replaces a mount of the sandbox; /spec/containers/0/volumeMounts/- adds one'],
]

const reasonOf = (path: string): string =>
  REASONS.filter(([place]) => `${path}/`.startsWith(`${place}/`)).toSorted(
    ([one], [other]) => other.length - one.length,
  )[0]?.[1] ?? 'is not known to be harmless'

const isTable = (value: Json): value is Table => typeof value === 'object' && value !== null && !Array.isArray(value)

/** A key of a table that is none of these. */
const unknown = (table: Table, known: readonly string[]): string | undefined =>
  Object.keys(table).find((key) => !known.includes(key))

const EXAMPLE = `write it like '{"op": "add", "path": "/spec/priorityClassName", "value": "batch"}'`
const ALLOWED = `only these places are taken: ${Object.keys(PLACES).join(', ')}`

const fault = (entry: string, what: string, hint: string): PaudeError =>
  new PaudeError('usage', `kubernetes.pod_patch: ${quoted(entry)} ${what}`, { hint })

/** A pod with these changes: each at a place of the table above, so that a path has plain names and ends with one, or with `-` for a list. */
export const changedPod = <Pod>(pod: Pod, changes: readonly PodChange[]): Pod =>
  changes.reduce<Pod>((made, { path, value }) => changedAt(made as Json, path.split('/').slice(1), value) as Pod, pod)

function changedAt(place: Json, [name = '', ...below]: readonly string[], value: Json): Json {
  if (Array.isArray(place))
    return name === '-' ? [...place, value] : place.map((one, at) => (String(at) === name ? changedAt(one, below, value) : one))
  const table = isTable(place) ? place : {}
  // A list that is not there yet is made by its first entry.
  const inner = table[name] ?? (below[0] === '-' ? [] : {})
  return { ...table, [name]: below.length === 0 ? value : changedAt(inner, below, value) }
}
