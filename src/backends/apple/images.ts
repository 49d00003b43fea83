import { buildPlan } from '../../image/build.ts'
import { checkScript } from '../../image/embedded.ts'
import { newestFirst } from '../../image/listed.ts'
import type { Metadata } from '../../image/metadata.ts'
import { PROBE_HOME } from '../../image/probed.ts'
import { exec } from '../../plan/plan.ts'
import type { Images } from '../backend.ts'
import { KIT_SCRIPT } from '../first-program.ts'
import { qualified } from '../qualified.ts'
import { recipePlan } from '../recipe.ts'
import { bind, CONFINED, HELPER, helperFlags, labelFlags, SMALL, tmpfs } from './flags.ts'
import { containersIn } from './inventory.ts'
import { container } from './names.ts'

/** Of `image list` and `image inspect`, as far as it is read; a variant for each platform. */
type Image = {
  readonly id: string
  readonly configuration: { readonly name?: string; readonly creationDate?: string }
  readonly variants?: readonly Variant[]
}
type Variant = {
  readonly platform?: { readonly os?: string; readonly architecture?: string }
  readonly digest?: string
  readonly size?: number
  readonly config?: {
    readonly config?: {
      readonly User?: string
      readonly Entrypoint?: readonly string[] | null
      readonly Cmd?: readonly string[] | null
      readonly Env?: readonly string[] | null
      readonly Labels?: Readonly<Record<string, string>> | null
      readonly Volumes?: Readonly<Record<string, unknown>> | null
      readonly StopSignal?: string
    }
    readonly rootfs?: { readonly diff_ids?: readonly string[] }
  }
}

const imagesIn = (stdout: string): readonly Image[] => JSON.parse(stdout || '[]') as Image[]

/** The one that was built, or that fits this machine: others are attestations. */
const variantOf = ({ variants = [] }: Image): Variant =>
  variants.find(({ platform }) => platform?.os === 'linux' && platform.architecture === HERE) ?? variants[0] ?? {}

/** As Go names it. */
const HERE = process.arch === 'x64' ? 'amd64' : process.arch

const plainId = (id: string): string => id.replace(/^sha256:/, '')

const builder = container('build', '--progress=plain') as readonly [string, ...string[]]

export const images: Images = {
  id: (reference) => ({
    argv: container('image', 'inspect', reference),
    parse: (stdout) => plainId(imagesIn(stdout)[0]?.id ?? ''),
  }),
  has: (reference) => container('image', 'inspect', reference),
  inspect: (reference) => ({
    argv: container('image', 'inspect', reference),
    parse: (stdout) => metadata(imagesIn(stdout)[0] ?? { id: '', configuration: {} }),
  }),
  list: {
    argv: container('image', 'list', '--format=json'),
    parse: (stdout) =>
      newestFirst(
        imagesIn(stdout).map((image) => {
          const { size = 0, config } = variantOf(image)
          return {
            reference: image.configuration.name ?? '',
            id: plainId(image.id),
            size,
            created: image.configuration.creationDate ?? '',
            agentVersion: config?.config?.Labels?.['paude.agent-version'] ?? '',
          }
        }),
      ),
  },
  // Its builder is a machine of its own, and keeps them there.
  stages: { argv: container('image', 'list', '--quiet'), parse: () => [] },
  used: {
    argv: container('list', '--all', '--format=json'),
    parse: (stdout) => new Set(containersIn(stdout).map(({ configuration }) => configuration.image?.reference ?? '')),
  },
  pull: (reference) => [
    exec(container('image', 'pull', '--progress=none', qualified(reference)), { title: `pulling ${qualified(reference)}` }),
  ],
  build: (building) => buildPlan(builder, building),
  init: (reference, { folder, user }) => [
    exec(
      container(
        ...HELPER,
        ...labelFlags({ role: 'helper' }),
        ...CONFINED,
        ...SMALL,
        `--user=${user.uid}:${user.gid}`,
        bind(folder, '/paude/kit', false),
        '--entrypoint=/usr/bin/bash',
        ...[reference, '-c', KIT_SCRIPT, 'bash', String(process.pid)],
      ),
    ),
  ],
  make: (building) => recipePlan({ ...building, builder, readsStdin: false }),
  push: (reference, as) => [
    exec(container('image', 'tag', reference, as), { undo: container('image', 'delete', as) }),
    exec(container('image', 'push', '--progress=none', as), { title: `pushing ${as}` }),
  ],
  remove: (reference) => container('image', 'delete', reference),
  run: (reference, script, as) =>
    container(...HELPER, ...helperFlags(as), ...CONFINED, ...SMALL, ...['--entrypoint=/bin/sh', reference, '-c', script]),
  probe: (reference, { uid, gid, agent }, as) =>
    container(
      ...HELPER,
      ...helperFlags(as),
      ...CONFINED,
      `--user=${uid}:${gid}`,
      ...['--cpus=2', '--memory=1024M'],
      tmpfs('/tmp', 256),
      '--workdir=/',
      `--env=HOME=${PROBE_HOME}`,
      '--env=LANG=C.UTF-8',
      ...['--entrypoint=/bin/sh', reference, '-c', checkScript, 'check', agent],
    ),
}

function metadata(image: Image): Metadata {
  const { platform = {}, digest = '', size = 0, config = {} } = variantOf(image)
  const told = config.config ?? {}
  return {
    digests: digest === '' ? [] : [`${(image.configuration.name ?? '').replace(/:[^:/]*$/, '')}@${digest}`],
    architecture: platform.architecture ?? '',
    os: platform.os ?? '',
    size,
    layers: config.rootfs?.diff_ids?.length ?? 0,
    user: told.User ?? '',
    entrypoint: told.Entrypoint ?? [],
    command: told.Cmd ?? [],
    environment: Object.fromEntries((told.Env ?? []).map(pair)),
    labels: told.Labels ?? {},
    volumes: Object.keys(told.Volumes ?? {}).toSorted(),
    stopSignal: told.StopSignal ?? '',
    healthcheck: false,
  }
}

function pair(line: string): readonly [string, string] {
  const at = line.indexOf('=')
  return at < 0 ? [line, ''] : [line.slice(0, at), line.slice(at + 1)]
}
