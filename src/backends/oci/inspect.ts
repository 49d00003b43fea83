import type { Metadata } from '../../image/metadata.ts'
import type { Argv } from '../../plan/plan.ts'
import type { Query } from '../../plan/query.ts'

/** Fails with the engine's words when the image is not there. */
export const inspectQuery = (client: Argv, reference: string): Query<Metadata> => ({
  argv: [...client, 'image', 'inspect', reference],
  parse: (stdout) => metadata((JSON.parse(stdout) as Inspected[])[0] ?? {}),
})

/** The same on both engines, but podman puts Healthcheck beside Config and leaves out what is empty. */
type Inspected = {
  readonly RepoDigests?: readonly string[] | null
  readonly Architecture?: string
  readonly Os?: string
  readonly Size?: number
  readonly RootFS?: { readonly Layers?: readonly string[] | null }
  readonly Healthcheck?: { readonly Test?: readonly string[] | null } | null
  readonly Config?: {
    readonly User?: string
    readonly Entrypoint?: readonly string[] | string | null
    readonly Cmd?: readonly string[] | null
    readonly Env?: readonly string[] | null
    readonly Labels?: Readonly<Record<string, string>> | null
    readonly Volumes?: Readonly<Record<string, unknown>> | null
    readonly StopSignal?: string
    readonly Healthcheck?: { readonly Test?: readonly string[] | null } | null
  } | null
}

function metadata(image: Inspected): Metadata {
  const config = image.Config ?? {}
  const health = config.Healthcheck ?? image.Healthcheck
  return {
    digests: image.RepoDigests ?? [],
    architecture: image.Architecture ?? '',
    os: image.Os ?? '',
    size: image.Size ?? 0,
    layers: image.RootFS?.Layers?.length ?? 0,
    user: config.User ?? '',
    entrypoint: [config.Entrypoint ?? []].flat(),
    command: config.Cmd ?? [],
    environment: Object.fromEntries((config.Env ?? []).map(pair)),
    labels: config.Labels ?? {},
    volumes: Object.keys(config.Volumes ?? {}).toSorted(),
    stopSignal: config.StopSignal ?? '',
    healthcheck: (health?.Test ?? []).some((word) => word !== 'NONE'),
  }
}

function pair(line: string): readonly [string, string] {
  const at = line.indexOf('=')
  return at < 0 ? [line, ''] : [line.slice(0, at), line.slice(at + 1)]
}
