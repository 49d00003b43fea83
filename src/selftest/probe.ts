/** What was seen, by name: `box.`, `proxy.`, `outside.`, `witness.` and `canary.` tell where. */
export type Facts = Readonly<Record<string, string>>

/** What the session was made to be; the probes compare with it. */
export type Want = {
  readonly uid: number
  readonly gid: number
  readonly home: string
  /** `uid:gid` of the caller outside, who owns what the box writes. */
  readonly owner: string
  readonly pids: number
  readonly workspace: string
  /** Where the box may have mounts of its own: targets, without the kernel's. */
  readonly mounts: readonly string[]
  /** The ones of these that may be written. */
  readonly writable: readonly string[]
  /** What of the hardening the session gives up, as `KEY = VALUE`. */
  readonly givenUp: readonly string[]
  readonly variables: readonly string[]
  readonly placeholder: string
  /** What the server beside the session answers with, and its name. */
  readonly token: string
  readonly host: string
  /** Whether the box is a pod, with an interface and routes that policies close. */
  readonly isPod: boolean
  /** Whether the box and its proxy are virtual machines of their own. */
  readonly isMachine?: boolean
}

export type Result = 'held' | 'BROKEN' | 'not applicable'

export type Verdict = { readonly observed: string; readonly result: Result }

export type Area = 'network' | 'proxy' | 'files' | 'capabilities' | 'mounts' | 'neighbours' | 'secrets' | 'process'

/** A claim about the wall and the pure judgement of what was seen. */
export type Probe = {
  readonly id: string
  readonly area: Area
  readonly claim: string
  readonly judge: (facts: Facts, want: Want) => Verdict
  /** What of it differs in a pod; a text says why it does not apply there. */
  readonly inPod?: Differing
  /** The same in a virtual machine of its own. */
  readonly inMachine?: Differing
}

type Differing = string | { readonly claim?: string; readonly judge?: Probe['judge'] }

/** A probe as it is meant where the box is. */
export function meant(probe: Probe, { isPod, isMachine }: Pick<Want, 'isPod' | 'isMachine'>): Pick<Probe, 'claim' | 'judge'> {
  const { claim, judge, inPod = {}, inMachine = {} } = probe
  const differing = isPod ? inPod : isMachine ? inMachine : {}
  return typeof differing === 'string' ? { claim, judge: () => notApplicable(differing) } : { claim, judge, ...differing }
}

export const held = (observed: string): Verdict => ({ observed, result: 'held' })
export const broken = (observed: string): Verdict => ({ observed, result: 'BROKEN' })
export const notApplicable = (reason: string): Verdict => ({ observed: reason, result: 'not applicable' })

/** Held when the test says so. A fact that is missing never counts as held. */
export const when =
  (key: string, good: (value: string, want: Want) => boolean, show: (value: string) => string = plain) =>
  (facts: Facts, want: Want): Verdict => {
    const value = facts[key]
    if (value === undefined) return broken(`${key} was not observed`)
    return good(value, want) ? held(show(value)) : broken(show(value))
  }

/** All keys that begin with one of the prefixes, and at least one, must pass. */
export const every =
  (prefixes: readonly string[], good: (value: string, want: Want, key: string) => boolean) =>
  (facts: Facts, want: Want): Verdict => {
    const missing = prefixes.filter((prefix) => !Object.keys(facts).some((key) => key.startsWith(prefix)))
    if (missing.length > 0) return broken(`${missing.join(', ')} was not observed`)
    const found = Object.entries(facts).filter(([key]) => prefixes.some((prefix) => key.startsWith(prefix)))
    const bad = found.filter(([key, value]) => !good(value, want, key))
    if (bad.length > 0) return broken(bad.map(([key, value]) => `${short(key)}: ${plain(value)}`).join('; '))
    const values = [...new Set(found.map(([, value]) => plain(value)))]
    return held(values.length > 3 ? `${found.length} attempts, all as expected` : values.join('; '))
  }

/** Nothing to judge where the session gives it up; `kept` is what must hold all the same. */
export const unlessGivenUp =
  (key: string, judge: Probe['judge'], kept?: Probe['judge']) =>
  (facts: Facts, want: Want): Verdict => {
    const given = want.givenUp.find((one) => one.startsWith(`${key} = `))
    if (given === undefined) return judge(facts, want)
    const rest = kept?.(facts, want)
    return rest?.result === 'BROKEN' ? rest : notApplicable(`given up: ${given}`)
  }

/** Of sockets that only a program can ask for, and not a shell. */
export const withPerl =
  (prefix: string, want: (value: string) => boolean): Probe['judge'] =>
  (facts, wish) =>
    Object.entries(facts).some(([key, value]) => key.startsWith(prefix) && /not found/.test(value))
      ? notApplicable('the image has no perl for this probe')
      : every([prefix], want)(facts, wish)

/** No route: even a refused or a silent connection has left the namespace. A policy of a cluster refuses or drops what leaves a pod. */
export const unreachable = (value: string, { isPod }: Pick<Want, 'isPod'>): boolean =>
  /network is unreachable|cannot assign requested address|address family not supported/i.test(value) ||
  (isPod && /^(connection refused|no route to host|host is unreachable|no answer)$/i.test(value))

/** squid decided, and against it; 5xx would mean that it tried. */
export const denied = (value: string): boolean => value === '403' || value === '400'

export const refused = (value: string): boolean => value.startsWith('refused: ')

export const nothing = (value: string): boolean => value.trim() === ''

const plain = (value: string): string => value.trim() || 'nothing'
const short = (key: string): string => key.slice(key.indexOf('.') + 1)

/** The words of an observation. */
export const words = (value: string): readonly string[] => value.split(' ').filter((word) => word !== '')
