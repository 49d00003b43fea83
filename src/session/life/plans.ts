import { join } from 'node:path'
import { type Backend, need } from '../../backends/backend.ts'
import { type Handle, handleOfSpec } from '../../box/handle.ts'
import { CALL, LINK, layOut, layOutHere, layOutRecord } from '../../box/lay-out.ts'
import { released } from '../../box/owner.ts'
import { COPIES, type SessionSpec } from '../../box/spec.ts'
import { removed, SHADOWS } from '../../box/stand-ins.ts'
import { PaudeError } from '../../errors.ts'
import { type Argv, type Gather, type Plan, removeAfter } from '../../plan/plan.ts'
import type { Secret } from '../../secret.ts'
import { below } from '../../workspace/paths.ts'
import { noteIntent } from '../record/intent.ts'
import { noiseOf } from './command.ts'

export type StartOptions = {
  readonly attached: boolean
  /** Seconds until the agent is ended. */
  readonly timeout?: number
  /** Steps that make images when a start finds one missing. */
  readonly rescue?: Plan
  /** Lays out the repository of paude's own that a clone comes from, and notes in the session's folder what it gets besides. */
  readonly store?: Plan
  /** What comes into the volumes of the made box before its agent starts. */
  readonly fill?: Plan
}

/** Lays the session out, makes its box, and starts the agent: on our streams, or by itself. */
export function startPlan(
  backend: Backend,
  spec: SessionSpec,
  { attached, timeout, rescue, store = [], fill = [] }: StartOptions,
): Plan {
  const begun = { attached, timeout, stdin: spec.stdin }
  return [
    ...laidOut(backend, spec),
    ...store,
    ...backend.life.make(spec, rescue),
    ...fill,
    ...brought(backend, handleOfSpec(spec), spec.imported),
    ...begin(backend, handleOfSpec(spec), begun),
  ]
}

/** Starts a stopped session again; the agent continues its conversation. */
export const resumePlan = (backend: Backend, box: Handle, { attached, credential, imported = null }: Resumed): Plan => [
  ...backend.life.wake(box, credential),
  ...brought(backend, box, imported),
  ...begin(backend, box, { attached, stdin: true }),
]

type Resumed = {
  readonly attached: boolean
  readonly credential: Secret | null
  /** The copy of your own set-up of the agent that it gets. */
  readonly imported?: Gather | null
}

const brought = ({ files }: Backend, box: Handle, imported: Gather | null): Plan =>
  imported === null || files.bring === null ? [] : files.bring(box, imported)

/** What a session's folder has that a new box goes on with: folders that are there, and what is in their place. */
export type KeptFiles = { readonly folders: readonly string[]; readonly files: readonly string[] }

type Recreated = {
  readonly box: Handle
  readonly keeps: KeptFiles
  readonly attached: boolean
  readonly rescue?: Plan | undefined
}

/**
 * Makes the box of a session anew, with its policy. What its agent has in volumes stays, and so do the files that it keeps. A failure leaves
 * both, so that the same can be tried again.
 */
export const recreatePlan = (
  backend: Backend,
  spec: SessionSpec,
  { box, keeps: { folders, files }, attached, rescue }: Recreated,
): Plan => [
  ...backend.life.remove({ ...box, volume: undefined }),
  ...['seed', 'policy', LINK, CALL, COPIES, SHADOWS]
    .map((name) => join(spec.folder, name))
    .flatMap((path) => (files.includes(path) ? [] : [emptied(path)])),
  ...laidOut(backend, spec).filter(
    (step) =>
      !(step.kind === 'folder' && (folders.includes(step.path) || files.includes(step.path))) &&
      !files.some((path) => below(path, writes(step))),
  ),
  ...noteIntent(spec.folder, 'running'),
  ...released(spec.folder),
  ...backend.life.make(spec, rescue),
  ...brought(backend, handleOfSpec(spec), spec.imported),
  ...begin(backend, handleOfSpec(spec), { attached, stdin: spec.stdin }),
]

/** What a box closed to its owner could not be removed. */
const emptied = (path: string): Plan[number] => removeAfter(path, ['chmod', '-R', 'u+rwX', path])

/** Where a step writes a file or a tree; '' for all others. */
function writes(step: Plan[number]): string {
  switch (step.kind) {
    case 'write':
      return step.path
    case 'copy':
    case 'copy-tree':
      return step.to
    default:
      return ''
  }
}

/** Joins an agent that runs. */
export function attachPlan(backend: Backend, box: Handle): Plan {
  return [shown(backend, box, { argv: rejoining(backend, box), starts: false, attached: true, stdin: true })]
}

/** The words that join an agent that runs. */
export function rejoining(backend: Backend, box: Handle): Argv {
  const { rejoin } = need(backend, 'terminal')
  if (rejoin === null)
    throw new PaudeError('unsupported', `${backend.name} cannot reconnect to an agent after its client was lost`, {
      hint: `paude logs ${box.id}`,
    })
  return rejoin(box)
}

/** Takes away everything that a session consists of. The project's volumes go last, since that fails while another session of the project uses one. */
export const removePlan = (backend: Backend, box: Handle, { home }: { readonly home: boolean }): Plan => [
  ...backend.life.remove(box),
  removed(box.folder),
  ...(home ? removeVolumes(backend, box) : []),
]

function removeVolumes(backend: Backend, box: Handle): Plan {
  const volumes = [box.homeVolume, ...box.overlays].filter(Boolean)
  return volumes.length === 0 ? [] : backend.life.removeHomes(box, volumes)
}

/** Another way of files does not compile until it is handled here. */
function laidOut({ files }: Backend, spec: SessionSpec): Plan {
  switch (files.way) {
    case 'mounted':
      return layOut(spec)
    case 'carried':
      return layOutRecord(spec)
    case 'here':
      return layOutHere(spec)
  }
}

type Begun = { readonly attached: boolean; readonly timeout?: number | undefined; readonly stdin: boolean }

/** Starts the made agent: on a terminal that is held, on our streams, or by itself. */
function begin(backend: Backend, box: Handle, begun: Begun): Plan {
  if (!box.terminal && !begun.attached) return backend.life.begin(box)
  const { begins, open } = need(backend, 'terminal')
  return [...(begins ? [] : backend.life.begin(box)), shown(backend, box, { argv: open(box, begun), starts: begins, ...begun })]
}

/** Hands the agent over: to a holder where it has a terminal, else to our streams. */
function shown(
  { life, inside }: Backend,
  box: Handle,
  { argv, starts, attached, timeout, stdin }: Begun & { readonly argv: Argv; readonly starts: boolean },
): Plan[number] {
  const ended = {
    terminate: life.signal(box, 'TERM'),
    ...(timeout === undefined ? {} : { timeout }),
    ...(box.volume === undefined ? {} : { keeps: true as const }),
  }
  return box.terminal
    ? { kind: 'hold', id: box.id, agent: box.agent, folder: box.folder, argv, starts, attached, ...ended }
    : {
        kind: 'attach',
        argv,
        terminal: false,
        stdin,
        ...noiseOf(inside),
        alive: life.signal(box, 'CONT'),
        interrupt: life.signal(box, 'INT'),
        ...ended,
      }
}
