import { dirname, join } from 'node:path'
import { folder, type Plan, write } from '../plan/plan.ts'
import { owned } from './owner.ts'
import { COPIES, copiesOf, type SessionSpec, shadowsOf } from './spec.ts'
import { laidStandIns, SHADOWS } from './stand-ins.ts'
import { takesUploads, UPLOADS } from './uploads.ts'

/** The session's folder on the host: what the box mounts read-only. */
export function layOut(spec: SessionSpec): Plan {
  const copies = copiesOf(spec).flatMap(({ source, target, content }) =>
    [source, `${source}.was`].map((to) => ({ kind: 'copy', from: target, to, content }) as const),
  )
  const shadows = shadowsOf(spec)
  return [
    folder(spec.folder),
    folder(join(spec.folder, 'seed'), 0o755),
    ...Object.entries(spec.seed).map(([name, content]) => write(join(spec.folder, 'seed', name), content, 0o644)),
    ...layOutFiles(spec),
    ...(takesUploads(spec) ? [folder(join(spec.folder, UPLOADS))] : []),
    ...(copies.length === 0 ? [] : [folder(join(spec.folder, COPIES))]),
    ...copies,
    ...(shadows.length === 0 ? [] : [folder(join(spec.folder, SHADOWS))]),
    ...shadows.map(({ source, target, leaves }) => ({ kind: 'copy-tree', from: target, to: source, leaves }) as const),
    ...laidStandIns(spec.folder, spec.standIns),
    ...layOutPolicy(spec),
    ...(spec.network.mode === 'none'
      ? []
      : [
          write(join(spec.folder, NOTED), '', 0o666),
          // The proxy is another user; nobody else gets through the folder above.
          folder(join(spec.folder, LINK), 0o777),
          ...(isCalled(spec) ? [folder(join(spec.folder, CALL), 0o777)] : []),
        ]),
    ...(spec.imported === null ? [] : [spec.imported]),
    ...layOutFacts(spec),
  ]
}

/** The same where the backend carries what the box sees: what paude itself reads of a session later. */
export const layOutRecord = (spec: SessionSpec): Plan => [
  folder(spec.folder),
  ...layOutPolicy(spec),
  ...(spec.imported === null ? [] : [spec.imported]),
  ...layOutFacts(spec),
]

/** The same where there is no box and no wall. */
export const layOutHere = (spec: SessionSpec): Plan => [folder(spec.folder), ...layOutFiles(spec), ...layOutFacts(spec)]

const layOutFiles = ({ folder: place, out }: SessionSpec): Plan => [
  ...(out.length === 0 ? [] : [folder(join(place, 'out'))]),
  ...out.map((name) => write(join(place, 'out', name), '')),
]

function layOutPolicy({ network, folder: place }: SessionSpec): Plan {
  if (network.mode === 'none') return []
  return [
    folder(join(place, 'policy'), 0o755),
    ...revisionFolders(network.policyFiles).map((name) => folder(join(place, 'policy', name), 0o755)),
    ...Object.entries(network.policyFiles).map(([name, content]) => write(join(place, 'policy', name), content, 0o644)),
  ]
}

const layOutFacts = (spec: SessionSpec): Plan => [
  // A script keeps nothing of it.
  { kind: 'copy', from: '/dev/null', to: join(spec.folder, KEPT), content: spec.kept },
  ...(spec.owner === '' ? [] : [owned(spec.folder, spec.owner)]),
  ...noteStart(spec.folder),
  write(join(spec.folder, 'session.json'), spec.record),
]

/** File of a session's folder that was written when its box was last started: a plan is decided earlier, before images are built. */
export const STARTED = 'started'

export const noteStart = (folder: string): Plan => [write(join(folder, STARTED), '')]

const revisionFolders = (files: Readonly<Record<string, string>>): readonly string[] => [
  ...new Set(Object.keys(files).flatMap((path) => (path.includes('/') ? [dirname(path)] : []))),
]

/** Folder of a session's folder where its box and its proxy meet: the proxy writes there, the box does not. */
export const LINK = 'link'

/** Folder of a session's folder where paude speaks to its proxy, which makes two pipes there. No box reaches it. */
export const CALL = 'call'

/** Whether its proxy is called there: an engine on this very machine, where a pipe is one for both. */
export const isCalled = ({ own }: Pick<SessionSpec, 'own'>): boolean =>
  own.kind === 'oci' && own.link === 'folder' && own.remote === undefined

/** File of a session's folder that says how the listed paths of the project looked at its start, and what was in them. No box reaches it. */
export const KEPT = 'kept.json'

/** File of a session's folder that its proxy writes and no box reaches: the first line of its log for each host, port and outcome. */
export const NOTED = 'noted'
