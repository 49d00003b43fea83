import { join } from 'node:path'
import type { Handle } from '../../box/handle.ts'
import { HARDENED } from '../../box/security.ts'
import { FILLED, type Fill, type SessionSpec } from '../../box/spec.ts'
import type { WorkspaceVolume } from '../../box/workspace-volume.ts'
import { type Argv, exec, folder, type Plan, remove } from '../../plan/plan.ts'
import type { Volumes } from '../backend.ts'
import { INIT } from '../first-program.ts'
import { filterOf, initOf, isFar } from './far.ts'
import { bind, type Dialect, HELPER_LIMITS, hardeningFlags, labels, volume, volumeLabel } from './flags.ts'
import { levelFlags } from './selinux.ts'

/** What a container may take that works on a repository: git keeps in memory what it compares. */
const LIMITS = ['--pids-limit=256', '--memory=2g']

/** Makes the volume of a workspace, so that its labels do not depend on which container mounts it first. */
export function makeWorkspace(dialect: Dialect, { id, created, workspace, transport, own }: SessionSpec): Plan {
  if (transport.kind !== 'volume' || transport.kept || isFar({ own })) return []
  const { name } = transport.volume
  const facts = [`--label=paude.id=${id}`, '--label=paude.role=workspace', `--label=paude.created=${created}`]
  return [
    exec([...dialect.client, 'volume', 'create', ...facts, volumeLabel(dialect, 'paude.workspace', workspace), name], {
      undo: [...dialect.client, 'volume', 'rm', '--force', name],
    }),
  ]
}

/** Hands the volume over to the box's user where the engine gives it to root, and fills it. Of this machine it sees the packs of its clone, at most. */
export function fillWorkspace(dialect: Dialect, spec: SessionSpec): Plan {
  const { transport } = spec
  if (transport.kind !== 'volume' || transport.kept) return []
  const { fill, volume: kept } = transport
  const name = `${spec.id}-fill`
  return [
    ...(dialect.ownsVolumes || kept.uid === 0 || isFar(spec) ? [] : [handOver(dialect, spec, kept.name)]),
    ...(fill === null
      ? []
      : [
          ...(fill.packs === '' ? [] : [folder(fill.packs, 0o755)]),
          {
            kind: 'pipe' as const,
            from: fill.from,
            to: filling(dialect, spec, { volume: kept, fill, name }),
            printed: join(spec.folder, FILLED),
            undo: volumes(dialect).end(name),
          },
          // They would keep on the disk what the store has long forgotten.
          ...(fill.packs === '' ? [] : [remove(fill.packs)]),
        ]),
  ]
}

type Filling = { readonly volume: WorkspaceVolume; readonly fill: Fill; readonly name: string }

const filling = (dialect: Dialect, spec: SessionSpec, { volume: kept, fill, name }: Filling): Argv => {
  const { script, words, packs } = fill
  const mounts = packs === '' ? [] : [bind(packs, '/paude/objects/pack', true)]
  return inHelper(dialect, spec, kept, { script, words, stdin: true, writes: true, name, mounts })
}

/** The volume is taken back where it was made. */
const handOver = (dialect: Dialect, spec: SessionSpec, name: string): Plan[number] =>
  exec(
    [
      ...dialect.client,
      ...['run', '--rm', ...labels(spec, 'helper'), '--pull=never', ...dialect.always, '--network=none'],
      ...hardeningFlags(filterOf(dialect, spec), HARDENED),
      ...levelFlags(spec),
      ...['--cap-add=CHOWN', '--user=0:0', ...HELPER_LIMITS, '--no-healthcheck', '--workdir=/'],
      inPlace(dialect, { name, root: '/paude/workspace' }, false),
      bind(initOf(spec), INIT, true),
      `--entrypoint=${INIT}`,
      ...[spec.image, 'own', String(spec.user.uid), String(spec.user.gid), '/paude/workspace'],
    ],
    { undo: [...dialect.client, 'volume', 'rm', '--force', name] },
  )

type How = Parameters<Volumes['run']>[2] & { readonly mounts?: readonly string[] }

const inHelper = (
  dialect: Dialect,
  box: Parameters<Volumes['run']>[0] & Pick<Partial<SessionSpec>, 'own'>,
  { name, root, image, uid, gid, selinux }: WorkspaceVolume,
  { script, words, stdin, writes, name: container, mounts = [] }: How,
): Argv => [
  ...dialect.client,
  ...['run', '--rm', ...(stdin ? ['--interactive'] : []), `--label=paude.id=${box.id}`, '--label=paude.role=helper'],
  ...(container === undefined ? [] : [`--name=${container}`]),
  ...['--pull=never', ...dialect.always, '--network=none', '--log-driver=none'],
  ...hardeningFlags(filterOf(dialect, box), HARDENED),
  ...levelFlags({ id: box.id, own: { selinux } }),
  ...[`--user=${uid}:${gid}`, ...dialect.probe(uid), ...LIMITS, '--no-healthcheck'],
  '--tmpfs=/tmp:rw,noexec,nosuid,nodev,size=512m,mode=1777',
  inPlace(dialect, { name, root }, !writes),
  ...mounts,
  `--workdir=${root}`,
  ...['--env=HOME=/tmp', '--env=LC_ALL=C', '--env=GIT_CONFIG_NOSYSTEM=1', '--env=GIT_CONFIG_COUNT=1'],
  ...['--env=GIT_CONFIG_KEY_0=safe.directory', '--env=GIT_CONFIG_VALUE_0=*'],
  ...['--entrypoint=/bin/sh', image, '-c', script, 'sh', ...words],
]

export const volumes = (dialect: Dialect): Volumes => ({
  run: (box, kept, how) => inHelper(dialect, box, kept, how),
  end: (container) => [...dialect.client, ...dialect.removal, container],
})

/** The volume in the box, at the project's own path. */
export const workspaceMount = (dialect: Dialect, { transport }: SessionSpec): readonly string[] =>
  transport.kind === 'volume' ? [inPlace(dialect, transport.volume, false)] : []

/** Without what the image has in that place, where the engine would copy it into an empty volume. */
const inPlace = ({ labelsMounts }: Dialect, { name, root }: Pick<WorkspaceVolume, 'name' | 'root'>, readOnly: boolean): string =>
  `${volume(name, root, readOnly)}${labelsMounts ? ',volume-nocopy' : ''}`

export const removeWorkspace = ({ client }: Dialect, { volume: kept }: Handle): Plan =>
  kept === undefined ? [] : [exec([...client, 'volume', 'rm', '--force', kept.name], { tolerant: true })]
