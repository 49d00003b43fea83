import { type ListedImage, newestFirst, type Stage } from '../../image/listed.ts'
import type { Query } from '../../plan/query.ts'
import type { Dialect } from './flags.ts'

type Named = Pick<Dialect, 'name' | 'client'>

/** What paude built on this engine, newest first. */
export function listImages({ name: engine, client }: Named): Query<readonly ListedImage[]> {
  const argv = ['image', 'ls', '--no-trunc', '--filter=label=paude.image'] as const
  switch (engine) {
    case 'docker': // `--format=json` needs a client of 2023
      return {
        argv: [...client, ...argv, '--format={{json .}}'],
        parse: (stdout) => newestFirst(stdout.split('\n').filter(Boolean).flatMap(dockerRow)),
      }
    case 'podman':
      return {
        // By name: for a label podman reads every image of the machine.
        argv: [...client, 'image', 'ls', '--no-trunc', '--filter=reference=localhost/paude/*', '--format=json'],
        parse: (stdout) =>
          newestFirst(
            (JSON.parse(stdout || '[]') as PodmanRow[]).filter(({ Labels }) => Labels?.['paude.image']).flatMap(podmanRows),
          ),
      }
  }
}

/** Stages of paude's own builds; a label in the Dockerfile says so, which no image of anybody inherits. */
export function listStages({ name: engine, client }: Named): Query<readonly Stage[]> {
  const argv = ['image', 'ls', '--no-trunc', '--filter=label=paude.stage', '--filter=dangling=true'] as const
  switch (engine) {
    case 'docker':
      return {
        argv: [...client, ...argv, '--format={{json .}}'],
        parse: (stdout) =>
          stdout
            .split('\n')
            .filter(Boolean)
            .map((line) => JSON.parse(line) as DockerRow)
            .map(({ ID, Size }) => ({ reference: ID.replace(/^sha256:/, ''), size: bytes(Size) })),
      }
    case 'podman':
      return {
        argv: [...client, ...argv, '--format=json'],
        parse: (stdout) => (JSON.parse(stdout || '[]') as PodmanRow[]).map(({ Id, Size }) => ({ reference: Id, size: Size })),
      }
  }
}

/** docker tells the name that an image was taken by, and its id once another image has that name; podman tells both. */
export function listUsed({ name: engine, client }: Named): Query<ReadonlySet<string>> {
  const format = { docker: '{{.Image}}', podman: '{{.Image}} {{.ImageID}}' }[engine]
  return {
    argv: [...client, 'ps', '--all', '--no-trunc', `--format=${format}`],
    parse: (stdout) => new Set(stdout.split(/\s+/).map((word) => word.replace(/^sha256:/, ''))),
  }
}

type DockerRow = {
  readonly Repository: string
  readonly Tag: string
  readonly ID: string
  readonly Size: string
  readonly CreatedAt: string
}
type PodmanRow = {
  readonly Id: string
  readonly Names?: readonly string[] | null
  readonly Labels?: Readonly<Record<string, string>> | null
  readonly Size: number
  readonly Created: number
}

function dockerRow(line: string): readonly ListedImage[] {
  const { Repository, Tag, ID, Size, CreatedAt } = JSON.parse(line) as DockerRow
  // A stage of a build, or an older image whose name a newer one took.
  if (Tag === '<none>') return []
  // 2026-11-21 10:18:06 +0000 UTC: the zone's name says the offset once more.
  const created = new Date(CreatedAt.replace(/ [A-Z]\w*$/, '')).toISOString()
  return [listed(`${Repository}:${Tag}`, { id: ID, size: bytes(Size), created })]
}

const podmanRows = ({ Id, Names, Size, Created }: PodmanRow): readonly ListedImage[] =>
  (Names ?? []).map((name) => listed(name, { id: Id, size: Size, created: new Date(Created * 1000).toISOString() }))

function listed(reference: string, { id, size, created }: Pick<ListedImage, 'id' | 'size' | 'created'>): ListedImage {
  // docker's list has no labels, but the name says it. Those of an older paude have 12 digits.
  const agentVersion = /\/paude\/[a-z0-9-]+:(\d+\.\d+\.\d+)-(?:[0-9a-f]{12}|[0-9a-f]{32})$/.exec(reference)?.[1] ?? ''
  return { reference, id: id.replace(/^sha256:/, ''), size, created, agentVersion }
}

/** docker's units are decimal: 616MB. */
function bytes(text: string): number {
  const [, number = '0', unit = 'B'] = /^([\d.]+)([kMGT]?B)$/.exec(text) ?? []
  return Math.round(Number(number) * 1000 ** ['B', 'kB', 'MB', 'GB', 'TB'].indexOf(unit))
}
