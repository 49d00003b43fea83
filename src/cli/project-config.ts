import { configOf, insistOnProfile, type Layers, readLayers } from '../config/load.ts'
import { outerPlaces, type ProjectFile, parseProjectFile, readProjectFiles } from '../config/project.ts'
import type { Config, Layer, Source } from '../config/settings.ts'
import type { Asked } from '../config/trust.ts'
import { type Item, split } from '../config/widen.ts'
import type { Host } from '../host.ts'
import { realPath } from '../workspace/paths.ts'
import { projectFolders, writableFolders } from '../workspace/workspace.ts'
import type { Context } from './context.ts'
import { wantedDevcontainer } from './devcontainer.ts'
import { shortened } from './output.ts'

/** One file of the project, judged. */
export type Judged = {
  readonly file: ProjectFile
  readonly sources: readonly Source[]
  /** What it may say unasked. */
  readonly rest: readonly Source[]
  readonly items: readonly Item[]
}

/** What holds without the project, and what the project would add. */
export type Project = { readonly layers: Layers; readonly base: Config; readonly judged: readonly Judged[] }

/** Reads everything that configures a start here. Asks nobody and decides nothing. */
export async function readProject({ host, note }: Pick<Context, 'host' | 'note'>, flags: Layer): Promise<Project> {
  const layers = await readLayers(host, flags)
  const base = configOf(layers)
  const folders = base.settings.projectConfig === 'ignore' ? [] : projectFolders(host)
  const files = readProjectFiles(folders)
  const [top] = files.length === 0 ? [] : folders
  const writable = top === undefined ? [] : writableFolders(top, host)
  const around = { writable, home: host.home, profile: layers.profile, note }
  const parsed = await Promise.all(files.map(async (file) => ({ file, ...(await parseProjectFile(file, around)) })))
  const devcontainer = await wantedDevcontainer({ host, note }, base)
  insistOnProfile(layers, { sources: [], profiles: parsed.flatMap(({ profiles }) => profiles) })
  // The project's paude.toml has the last word.
  return { layers, base, judged: judgeInTurn(layers, [...(devcontainer === null ? [] : [devcontainer]), ...parsed]) }
}

/** Each file against what the user has and those before it close: one further down takes nothing of that back unasked. */
function judgeInTurn(layers: Layers, files: readonly Pick<Judged, 'file' | 'sources'>[]): readonly Judged[] {
  const closed: Source[] = []
  return files.map(({ file, sources }) => {
    const before = configOf(layers, closed)
    const parts = sources.map((source) => split(before, source))
    const rest = parts.map((part) => part.rest)
    closed.push(...rest)
    return { file, sources, items: parts.flatMap(({ items }) => items), rest }
  })
}

/** Everything the project says holds. */
export const whole = ({ layers, judged }: Project): Config =>
  configOf(
    layers,
    judged.flatMap(({ sources }) => sources),
  )

/** Only what narrows holds. */
export const narrowed = ({ layers, judged }: Project): Config =>
  configOf(
    layers,
    judged.flatMap(({ rest }) => rest),
  )

/** What the user is asked about a file. */
export const askedOf = ({ file, sources, items }: Judged, { home }: Pick<Host, 'home'>): Asked => ({
  file: file.file,
  hash: file.hash,
  items: items.map(({ key, value }) => `${key} = ${value}`),
  also: Object.fromEntries([
    ...sources
      .flatMap(({ values }) => values.caFile ?? [])
      .flatMap((named) => (typeof named === 'string' ? [] : [[named.path, named.hash] as const])),
    ...sources.flatMap(({ values: { imageBuild } }) =>
      imageBuild?.dockerfile ? [[imageBuild.dockerfile.path, imageBuild.dockerfile.hash] as const] : [],
    ),
    // A link put on the way to them later is another place.
    ...sources.flatMap((source) => outerPlaces(source, home)).map((path) => [path, realPath(path) ?? 'missing'] as const),
  ]),
})

/** What the user's word is kept for: also the files of which an image is built, which are looked at again before a build alone. */
export async function approvalOf(judged: Judged, host: Pick<Host, 'home'>): Promise<Asked> {
  const asked = askedOf(judged, host)
  const contexts = judged.sources.flatMap(({ values: { imageBuild } }) => (imageBuild?.dockerfile ? [imageBuild.context] : []))
  if (contexts.length === 0) return asked
  const { contextHash } = await import('../devcontainer/context.ts')
  return { ...asked, also: { ...asked.also, ...Object.fromEntries(contexts.map((path) => [path, contextHash(path)])) } }
}

/** What a file opens, as the lines of a diff against what the user has. */
export const widened = ({ items }: Judged): readonly string[] =>
  items.flatMap(({ key, value, before, place }) => [
    ...(before === '' ? [] : [`- ${key} = ${shortened(before)}`]),
    `+ ${key} = ${shortened(value)}   # ${place.split('/').at(-1) ?? ''}`,
  ])
