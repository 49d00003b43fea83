import { dirname, join } from 'node:path'
import type { Handle } from '../../box/handle.ts'
import { filesVolume, importedVolume } from '../../box/remote.ts'
import { SECCOMP_FILE } from '../../box/seccomp.ts'
import { HARDENED } from '../../box/security.ts'
import type { SessionSpec } from '../../box/spec.ts'
import { takesUploads, UPLOADS } from '../../box/uploads.ts'
import { type Argv, exec, folder, type Plan, write } from '../../plan/plan.ts'
import { quote } from '../../plan/shell.ts'
import type { Files, Wall } from '../backend.ts'
import { importedTar } from '../imported-tar.ts'
import { layLines, thereScript } from '../lay-script.ts'
import { bind, type Dialect, HELPER_LIMITS, hardeningFlags, labelledVolume, labels, volume } from './flags.ts'
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

export function importedFlags(spec: SessionSpec): readonly string[] {
  if (spec.imported === null) return []
  if (remoteOf(spec) === undefined) return [bind(spec.imported.store, '/paude/imported', true)]
  const facts = { 'paude.id': spec.id, 'paude.role': 'files', 'paude.created': spec.created }
  return [`${labelledVolume(importedVolume(spec.id), '/paude/imported', facts)},volume-nocopy,ro`]
}

/** Whether the engine is on another machine: its volumes are then made with the files of the session, since each call is a way. */
export const isFar = (spec: Pick<SessionSpec, 'own'>): boolean => remoteOf(spec) !== undefined

/** Everything a box of another machine mounts besides its workspace and HOME comes there through the stdin of one helper, which makes the workspace, too. */
export function carryFiles(dialect: Dialect, spec: SessionSpec): Plan {
  if (remoteOf(spec) === undefined) return []
  const { client } = dialect
  const name = filesVolume(spec.id)
  const facts = { 'paude.id': spec.id, 'paude.role': 'files', 'paude.created': spec.created }
  const seed = join(spec.folder, 'seed')
  const workspace = freshWorkspace(spec)
  return [
    // The client of each container reads the filter here, and sends it.
    folder(seed, 0o755),
    write(join(seed, SECCOMP_FILE), spec.seed[SECCOMP_FILE] ?? '', 0o644),
    exec(
      [
        ...client,
        ...['run', '--rm', '--interactive', ...labels(spec, 'helper')],
        ...confined(dialect, spec),
        labelledVolume(name, FILES, facts),
        ...workspace.flatMap((fresh) => [
          // A fresh volume belongs to root.
          '--cap-add=CHOWN',
          `${labelledVolume(fresh, FRESH, { ...facts, 'paude.role': 'workspace', 'paude.workspace': spec.workspace })},volume-nocopy`,
        ]),
        ...bash(spec.proxyImage),
        '-s',
      ],
      { stdin: layScript(spec), undo: [...client, 'volume', 'rm', '--force', name, ...workspace] },
    ),
  ]
}

/** A container of the proxy's image that changes the files of a session and nothing else: root without any capability owns them. */
const confined = ({ always }: Dialect, { folder: place }: Pick<SessionSpec, 'folder'>): readonly string[] => [
  ...['--pull=never', ...always, '--network=none', '--log-driver=none'],
  ...hardeningFlags({ folder: place }, HARDENED),
  ...['--user=0:0', ...HELPER_LIMITS, '--no-healthcheck', `--workdir=${FILES}`],
  '--tmpfs=/tmp:rw,noexec,nosuid,nodev,size=16m,mode=1777',
]

const bash = (image: string): readonly string[] => ['--entrypoint=/usr/bin/bash', image]

function layScript(spec: SessionSpec): string {
  const { [SECCOMP_FILE]: _, ...seed } = spec.seed
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
    '',
  ].join('\n')
}

/** Where the workspace is while it is handed over. */
const FRESH = '/paude/workspace'

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

const helper = (dialect: Dialect, { id, folder: place, remote }: Handle): Argv => [
  ...dialect.client,
  ...['run', '--rm', '--interactive', `--label=paude.id=${id}`, '--label=paude.role=helper'],
  ...confined(dialect, { folder: place }),
  volume(filesVolume(id), FILES),
  ...bash(remote?.helper ?? ''),
]

/** The image's own tar unpacks it where no box can write. At a later start the copy of then has the name of the first one. */
export const bringImported =
  (dialect: Dialect): NonNullable<Files['bring']> =>
  ({ id, folder: place, volume: kept }, copy) => [
    {
      kind: 'pipe',
      from: importedTar(copy),
      to: [
        ...dialect.client,
        ...['run', '--rm', '--interactive', `--label=paude.id=${id}`, '--label=paude.role=helper'],
        ...confined(dialect, { folder: place }),
        volume(filesVolume(id), FILES, true),
        volume(importedVolume(id), '/paude/imported'),
        ...['--entrypoint=/bin/sh', kept?.image ?? '', '-c', UNPACK],
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
