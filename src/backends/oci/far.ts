import { dirname, join } from 'node:path'
import type { Handle } from '../../box/handle.ts'
import { filesVolume, importedVolume } from '../../box/remote.ts'
import { SECCOMP_FILE } from '../../box/seccomp.ts'
import { HARDENED } from '../../box/security.ts'
import type { SessionSpec } from '../../box/spec.ts'
import { takesUploads, UPLOADS } from '../../box/uploads.ts'
import { type Argv, exec, folder, type Plan, together, write } from '../../plan/plan.ts'
import { quote } from '../../plan/shell.ts'
import type { Files, Wall } from '../backend.ts'
import { importedTar } from '../imported-tar.ts'
import { layLines, thereScript } from '../lay-script.ts'
import { bind, type Dialect, HELPER_LIMITS, hardeningFlags, labelledVolume, labels, volume, volumeLabel } from './flags.ts'
import { parts } from './names.ts'

/** Where a helper has the files of a session. */
const FILES = '/paude/files'

const remoteOf = ({ own }: Pick<SessionSpec, 'own'>) => (own.kind === 'oci' ? own.remote : undefined)

/**
 * Where the engine finds what a session mounts: the session's folder; on another machine a volume, by the path that it has over there. By path,
 * since an engine before docker 26 mounts no single file of a volume by its name.
 */
export function folderOf(spec: Pick<SessionSpec, 'id' | 'folder' | 'own'>): string {
  const remote = remoteOf(spec)
  return remote === undefined ? spec.folder : join(remote.volumes, filesVolume(spec.id), '_data')
}

export const initOf = (spec: SessionSpec): string => (remoteOf(spec) === undefined ? spec.init : join(folderOf(spec), 'kit/init'))

/** Files that the box writes. What is printed without a terminal is the engine's to keep where nobody here could read the file. */
export const outOf = (spec: SessionSpec): readonly string[] =>
  remoteOf(spec) === undefined ? spec.out : spec.out.filter((name) => name !== 'stdout' && name !== 'stderr')

export function importedFlags(dialect: Dialect, spec: SessionSpec): readonly string[] {
  if (spec.imported === null) return []
  if (remoteOf(spec) === undefined) return [bind(spec.imported.store, '/paude/imported', true)]
  return [`${fresh(dialect, importedVolume(spec.id), '/paude/imported', factsOf(spec))},ro`]
}

const factsOf = ({ id, created }: SessionSpec) => ({ 'paude.id': id, 'paude.role': 'files', 'paude.created': created })

type Facts = Readonly<Record<string, string>>

/** A volume that docker makes with the container that mounts it. podman has made it before, since there no mount says what its labels are. */
const fresh = ({ labelsMounts }: Dialect, name: string, target: string, facts: Facts): string =>
  labelsMounts ? `${labelledVolume(name, target, facts)},volume-nocopy` : volume(name, target)

/** The filter for system calls, where whoever reads it finds it. */
export function filterOf(
  { sendsFilter }: Pick<Dialect, 'sendsFilter'>,
  box: Pick<Handle, 'id' | 'folder' | 'remote'> & Pick<Partial<SessionSpec>, 'own'>,
): string {
  const remote = box.remote ?? (box.own === undefined ? undefined : remoteOf({ own: box.own }))
  const place = remote === undefined || sendsFilter ? box.folder : join(remote.volumes, filesVolume(box.id), '_data')
  return join(place, 'seed', SECCOMP_FILE)
}

/** Whether the engine is on another machine: its volumes are then made with the files of the session, since each call is a way. */
export const isFar = (spec: Pick<SessionSpec, 'own'>): boolean => remoteOf(spec) !== undefined

/** Everything a box of another machine mounts besides its workspace and HOME comes there through the stdin of one helper, which makes the workspace, too. */
export function carryFiles(dialect: Dialect, spec: SessionSpec): Plan {
  if (remoteOf(spec) === undefined) return []
  const { client, labelsMounts, sendsFilter } = dialect
  const name = filesVolume(spec.id)
  const facts = factsOf(spec)
  const mounted = [
    ...freshWorkspace(spec).map((one) => ({
      name: one,
      at: FRESH,
      facts: { ...facts, 'paude.role': 'workspace', 'paude.workspace': spec.workspace },
    })),
    ...(handsLink(dialect, spec)
      ? [{ name: parts(spec.id).link, at: FRESH_LINK, facts: { ...facts, 'paude.role': 'link' } }]
      : []),
  ]
  const made = [{ name, facts }, ...mounted, ...(spec.imported === null ? [] : [{ name: importedVolume(spec.id), facts }])]
  return [
    ...(labelsMounts ? [] : [together(made.map((one) => [madeVolume(dialect, one)]))]),
    exec(
      [
        ...client,
        ...['run', '--rm', '--interactive', ...labels(spec, 'helper')],
        // Where the engine reads the filter, this is what brings it there.
        ...confined(dialect, sendsFilter ? filterOf(dialect, spec) : ''),
        labelsMounts ? labelledVolume(name, FILES, facts) : volume(name, FILES),
        // A fresh volume belongs to root.
        ...(mounted.length === 0 ? [] : ['--cap-add=CHOWN']),
        ...mounted.map((one) => fresh(dialect, one.name, one.at, one.facts)),
        ...bash(spec.proxyImage),
        '-s',
      ],
      {
        stdin: layScript(dialect, spec),
        undo: [...client, 'volume', 'rm', '--force', name, ...freshWorkspace(spec)],
      },
    ),
  ]
}

/** docker's client reads the filter of each container here, and sends it. */
export function layFilter({ sendsFilter }: Dialect, spec: SessionSpec): Plan {
  const seed = join(spec.folder, 'seed')
  return isFar(spec) && sendsFilter
    ? [folder(seed, 0o755), write(join(seed, SECCOMP_FILE), spec.seed[SECCOMP_FILE] ?? '', 0o644)]
    : []
}

const madeVolume = (dialect: Dialect, { name, facts }: { readonly name: string; readonly facts: Facts }): Plan[number] =>
  exec(
    [
      ...dialect.client,
      ...['volume', 'create'],
      ...Object.entries(facts).map(([key, value]) => volumeLabel(dialect, key, value)),
      name,
    ],
    { undo: [...dialect.client, 'volume', 'rm', '--force', name] },
  )

/** podman gives a fresh volume to the user of whichever container mounts it first, and box and proxy do at the same time: so it is the proxy's before. */
export const handsLink = ({ labelsMounts }: Dialect, spec: SessionSpec): boolean =>
  isFar(spec) && !labelsMounts && spec.network.mode !== 'none'

/** A container of the proxy's image that changes the files of a session and nothing else: root without any capability owns them. */
const confined = ({ always }: Dialect, filter: string): readonly string[] => [
  ...['--pull=never', ...always, '--network=none', '--log-driver=none'],
  ...hardeningFlags(filter, HARDENED),
  ...['--user=0:0', ...HELPER_LIMITS, '--no-healthcheck', `--workdir=${FILES}`],
  '--tmpfs=/tmp:rw,noexec,nosuid,nodev,size=16m,mode=1777',
]

const bash = (image: string): readonly string[] => ['--entrypoint=/usr/bin/bash', image]

function layScript(dialect: Dialect, spec: SessionSpec): string {
  const { [SECCOMP_FILE]: filter = '', ...others } = spec.seed
  const seed = dialect.sendsFilter ? others : { ...others, [SECCOMP_FILE]: filter }
  const policy = spec.network.mode === 'none' ? {} : spec.network.policyFiles
  return [
    'set -e',
    'umask 022',
    'mkdir -p kit/bin seed policy out',
    'for name in bin/git bin/rename.so init; do cp "/usr/lib/paude/$name" "kit/$name"; done',
    ...layLines({ ...below('seed', seed), ...below('policy', policy) }),
    // Of the box, whose user is another one. Nobody else gets through the folder of the engine's volumes.
    'umask 0',
    ...outOf(spec).map((name) => `: >out/${name}`),
    ...(takesUploads(spec) ? [`mkdir -p ${UPLOADS}`] : []),
    ...freshWorkspace(spec).map(() => `kit/init own ${spec.user.uid} ${spec.user.gid} ${FRESH}`),
    ...(handsLink(dialect, spec) ? [`kit/init own 13 13 ${FRESH_LINK}`] : []),
    '',
  ].join('\n')
}

/** Where the workspace is while it is handed over. */
const FRESH = '/paude/workspace'

/** The same of where box and proxy meet. */
const FRESH_LINK = '/paude/link'

/** Its volume, where it is to be made. */
const freshWorkspace = ({ transport }: SessionSpec): readonly string[] =>
  transport.kind === 'volume' && !transport.kept ? [transport.volume.name] : []

const below = (name: string, files: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(files).map(([path, content]) => [`${name}/${path}`, content]))

/** The proxy's own program takes up a policy that lies in its folder. */
export const takeUp = ({ client }: Dialect, { id }: Pick<Handle, 'id'>, stages: string, call = ''): Plan => [
  exec([...client, 'exec', '--interactive', parts(id).proxy, '/usr/lib/paude/policy'], {
    stdin: stages,
    ...(call === '' ? {} : { call }),
  }),
]

/** The proxy cannot write its policy, over there as here: a helper does. */
export const farPolicy = (dialect: Dialect): Pick<Wall, 'change' | 'keep' | 'there'> => ({
  change: (box, { stages, files: { stages: _, ...files } }) => [lay(dialect, box, files), ...takeUp(dialect, box, stages)],
  keep: (box, files) => [lay(dialect, box, files)],
  there: (box) => [...helper(dialect, box), '-c', `umask 022; ${thereScript(`${FILES}/policy`)}`],
})

/** A file gets its name when it is whole: both of these may be at it at the same time. */
const lay = (dialect: Dialect, box: Handle, files: Readonly<Record<string, string>>): Plan[number] =>
  exec([...helper(dialect, box), '-s'], {
    stdin: [
      'set -e',
      'umask 022',
      'mkdir /tmp/new',
      'cd /tmp/new',
      ...layLines(files),
      `cd ${FILES}/policy`,
      ...[...new Set(Object.keys(files).map((path) => dirname(path)))].map((path) => `mkdir -p ${quote(path)}`),
      'draft=.$EPOCHREALTIME-$RANDOM',
      ...Object.keys(files).map(
        (path) => `cp /tmp/new/${quote(path)} ${quote(path)}"$draft" && mv -f ${quote(path)}"$draft" ${quote(path)}`,
      ),
      '',
    ].join('\n'),
  })

const helper = (dialect: Dialect, box: Handle): Argv => [
  ...dialect.client,
  ...['run', '--rm', '--interactive', `--label=paude.id=${box.id}`, '--label=paude.role=helper'],
  ...confined(dialect, filterOf(dialect, box)),
  volume(filesVolume(box.id), FILES),
  ...bash(box.remote?.helper ?? ''),
]

/** The image's own tar unpacks it where no box can write. At a later start the copy of then has the name of the first one. */
export const bringImported =
  (dialect: Dialect): NonNullable<Files['bring']> =>
  (box, copy) => [
    {
      kind: 'pipe',
      from: importedTar(copy),
      to: [
        ...dialect.client,
        ...['run', '--rm', '--interactive', `--label=paude.id=${box.id}`, '--label=paude.role=helper'],
        ...confined(dialect, filterOf(dialect, box)),
        volume(filesVolume(box.id), FILES, true),
        volume(importedVolume(box.id), '/paude/imported'),
        ...['--entrypoint=/bin/sh', box.volume?.image ?? '', '-c', UNPACK],
      ],
      title: "bringing your agent's set-up to the other machine",
    },
  ]

const UNPACK = `read -r name <${FILES}/seed/imported && cd /paude/imported && rm -rf -- "$name" && mkdir "$name" && cd "$name" && tar -xof - && chmod -R a+rX .`

/** All volumes of a session over there but HOME, in one call, since each is a connection of its own. One that is not there is no failure. */
export const removeFarVolumes = ({ client }: Dialect, { id, link, volume: kept }: Handle): Plan => {
  const names = [...(link === 'none' ? [] : [parts(id).link]), ...(kept === undefined ? [] : [kept.name])]
  return [exec([...client, 'volume', 'rm', '--force', ...names, filesVolume(id), importedVolume(id)], { tolerant: true })]
}
