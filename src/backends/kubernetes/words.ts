import type { Toleration } from '../../box/cluster.ts'
import { PaudeError } from '../../errors.ts'
import { IMAGE } from '../../image/reference.ts'
import { isNever, isWithin, PRIVATE_RANGES, rangeText, readRange } from '../../network/ranges.ts'
import { hasControl, quoted } from '../../text.ts'

/** What the API server takes as the name of an object: no flag and no path can be one. */
export const NAME = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/
/** A key of a label without its domain, and a value of one. */
const LABEL_NAME = /^[A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?$/
const LABEL_VALUE = /^([A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?)?$/
const DOMAIN = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/
const QUANTITY = /^\d{1,15}(\.\d{1,9})?(m|k|M|G|T|P|Ki|Mi|Gi|Ti|Pi)?$/

/** Without a domain: some runtimes write one with dots alone, like `io.kubernetes.cri-o.userns-mode`. */
const isPlain = (name: string): boolean => /^[\w-]+$/.test(name)

export type Pair = { readonly name: string; readonly value: string }

/** The name of an object of the cluster. */
export function readName(text: string, key: string): string {
  if (!NAME.test(text)) throw fault(key, text, 'is not a name of a Kubernetes object', 'use lower-case letters, digits, - and .')
  return text
}

/** kubectl takes any text as a context: clouds put colons, slashes and @ into it. */
export function readContext(text: string): string {
  if (text.startsWith('-') || hasControl(text) || text.length > 512)
    throw fault('context', text, 'is not a context', 'list yours: kubectl config get-contexts -o name')
  return text
}

/** A registry and perhaps a path in it, without a tag. */
export function readRegistry(text: string): string {
  const [first = ''] = text.split('/')
  if (!IMAGE.test(`${text}/proxy`) || !/[.:]|^localhost$/.test(first))
    throw fault('registry', text, 'is not a place in a registry', 'write it like registry.example.org/team')
  return text
}

const SCALE: Readonly<Record<string, number>> = {
  ...{ '': 1, m: 0.001, k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15 },
  ...{ Ki: 1024, Mi: 1024 ** 2, Gi: 1024 ** 3, Ti: 1024 ** 4, Pi: 1024 ** 5 },
}

/** Bytes of the size of a volume. */
export function bytesOf(text: string): number {
  const [, digits, unit = ''] = /^(\d{1,9}(?:\.\d{1,3})?)([kMGTP]i?|Ki)$/.exec(text) ?? []
  const bytes = Number(digits) * (SCALE[unit] ?? Number.NaN)
  if (!(bytes > 0)) throw fault('home_size, workspace_size', text, 'is not a size', 'write a number and a unit, like 10Gi')
  return bytes
}

/** `NAME=QUANTITY` of what a node must have free. */
export function readRequest(entry: string): Pair {
  const pair = readPair(entry, 'requests', 'cpu=500m')
  return requireQuantity(pair, entry, 'requests')
}

/** The same of a limit; cores and memory have keys of their own, which every backend has. */
export function readLimit(entry: string): Pair {
  const pair = readPair(entry, 'limits', 'ephemeral-storage=10Gi')
  if (pair.name === 'cpu' || pair.name === 'memory')
    throw fault('limits', entry, `has a key of its own`, `use limits.${pair.name === 'cpu' ? 'cpus' : 'memory'}`)
  return requireQuantity(pair, entry, 'limits')
}

function requireQuantity(pair: Pair, entry: string, key: string): Pair {
  const [name = '', domain = null] = pair.name.split('/').toReversed()
  if (!LABEL_NAME.test(name) || (domain !== null && !DOMAIN.test(domain)) || pair.name.split('/').length > 2)
    throw fault(key, entry, 'names no resource', 'write cpu, memory, ephemeral-storage, or one of your nodes like nvidia.com/gpu')
  if (!QUANTITY.test(pair.value))
    throw fault(key, entry, 'has no quantity', 'write a number with or without a unit: 500m, 2, 1Gi')
  return pair
}

/** `NAME=VALUE` that a node must bear. */
export function readSelector(entry: string): Pair {
  const pair = readPair(entry, 'node_selector', 'disk=ssd')
  requireKey(pair.name, entry, 'node_selector')
  return requireValue(pair, entry, 'node_selector')
}

const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute']

/** `KEY[=VALUE][:EFFECT]`, as `kubectl taint` writes a taint. */
export function readToleration(entry: string): Toleration {
  const at = entry.lastIndexOf(':')
  const [taint, effect] = at === -1 ? [entry, undefined] : [entry.slice(0, at), entry.slice(at + 1)]
  if (effect !== undefined && !EFFECTS.includes(effect))
    throw fault('tolerations', entry, 'has an unknown effect', `use one of ${EFFECTS.join(', ')}`)
  const [key = '', value] = taint.split('=', 2)
  requireKey(key, entry, 'tolerations')
  if (value !== undefined) requireValue({ name: key, value }, entry, 'tolerations')
  const of = effect === undefined ? {} : { effect }
  return value === undefined ? { key, operator: 'Exists', ...of } : { key, operator: 'Equal', value, ...of }
}

/**
 * A label of the pods. One with a domain can have a controller of the cluster put a container, a token or a proxy into the pod, so
 * only plain names are taken.
 */
export function readLabel(entry: string): Pair {
  const pair = readPair(entry, 'labels', 'team=web')
  if (!isPlain(pair.name))
    throw fault('labels', entry, 'has a domain, which controllers of a cluster act on', 'use a plain name, like team=web')
  if (/^paude/i.test(pair.name))
    throw fault('labels', entry, 'is one of the labels by which paude finds its pods', 'choose another name')
  requireKey(pair.name, entry, 'labels')
  return requireValue(pair, entry, 'labels')
}

/** Annotations that open nothing. Others add networks, containers, secrets or cloud roles to a pod, or take its profiles away. */
const HARMLESS = [
  'cluster-autoscaler.kubernetes.io/safe-to-evict',
  'karpenter.sh/do-not-disrupt',
  'kubernetes.io/egress-bandwidth',
  'kubernetes.io/ingress-bandwidth',
  'descheduler.alpha.kubernetes.io/prefer-no-eviction',
] as const

/** A plain name, or one of those that are known to open nothing. */
export function readAnnotation(entry: string): Pair {
  const pair = readPair(entry, 'annotations', 'owner=web')
  if (/^paude/i.test(pair.name)) throw fault('annotations', entry, 'belongs to paude', 'choose another name')
  if (!isPlain(pair.name) && !HARMLESS.some((known) => known === pair.name))
    throw fault(
      'annotations',
      entry,
      'may change what the pod reaches',
      `only plain names and these are allowed: ${HARMLESS.join(', ')}`,
    )
  requireKey(pair.name, entry, 'annotations')
  if (hasControl(pair.value) || pair.value.length > 1024)
    throw fault(
      'annotations',
      entry,
      'has a value with control characters, or a long one',
      'write at most 1024 characters on one line',
    )
  return pair
}

/** Bits that a range must have at least: clusters give all their pods, or all their services, a /16 (IPv6: a /56), which a range should not hold. */
const NARROW = { 32: 20, 128: 64 } as const

/** A private range that the proxy's policy lets out. Metadata, loopback and the like are in none of them. */
export function readEgress(entry: string): string {
  const range = readRange(entry)
  if (range === null) throw fault('egress_cidrs', entry, 'is not an address range', 'write a CIDR such as 10.20.30.0/24')
  if (!isWithin(range, PRIVATE_RANGES))
    throw fault(
      'egress_cidrs',
      entry,
      'is not inside private address space',
      'public addresses are open to the proxy; metadata and link-local addresses never are',
    )
  if (isNever(range))
    throw fault('egress_cidrs', entry, 'is a metadata address of a cloud', 'such addresses are never reached: leave it out')
  if (range.length < NARROW[range.bits])
    throw fault(
      'egress_cidrs',
      entry,
      'is so wide that it may hold the nodes, pods or services of the cluster',
      `name the network of the host alone, of at least /${NARROW[range.bits]}`,
    )
  return rangeText(range)
}

function readPair(entry: string, key: string, example: string): Pair {
  const at = entry.indexOf('=')
  if (at < 1) throw fault(key, entry, 'is not NAME=VALUE', `write it like ${example}`)
  return { name: entry.slice(0, at), value: entry.slice(at + 1) }
}

function requireKey(text: string, entry: string, key: string): void {
  const [name = '', ...domain] = text.split('/').toReversed()
  if (!LABEL_NAME.test(name) || domain.length > 1 || domain.some((one) => !DOMAIN.test(one)))
    throw fault(key, entry, 'has no valid name', 'use letters, digits, -, _ and . with an optional domain before a slash')
}

function requireValue(pair: Pair, entry: string, key: string): Pair {
  if (!LABEL_VALUE.test(pair.value)) throw fault(key, entry, 'has no valid value', 'use at most 63 letters, digits, -, _ and .')
  return pair
}

const fault = (key: string, value: string, what: string, hint: string): PaudeError =>
  new PaudeError('usage', `kubernetes.${key}: ${quoted(value)} ${what}`, { hint })
