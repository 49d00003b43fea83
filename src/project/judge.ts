import type { Config, Layer, Source } from '../config/keys/settings.ts'
import { configOf, type Layers, readLayers, requireProfile } from '../config/layers/load.ts'
import type { Context } from '../context.ts'
import type { Host } from '../host.ts'
import type { ImageBuild } from '../image/project-build.ts'
import { shown } from '../text.ts'
import { realPath } from '../workspace/paths.ts'
import { projectFolders, writableFolders } from '../workspace/workspace.ts'
import { withChoice } from './devcontainer-choice.ts'
import { outerPlaces, type ProjectFile, parseProjectFile, readProjectFiles } from './project.ts'
import { byRisk, danger } from './risk.ts'
import type { Approval, Asked } from './trust.ts'
import { wantedDevcontainer } from './wanted-devcontainer.ts'
import { type Item, split } from './widen.ts'

/** One file of the project, judged. */
export type Judged = {
  readonly file: ProjectFile
  readonly sources: readonly Source[]
  /** What it may say unasked. */
  readonly rest: readonly Source[]
  readonly items: readonly Item[]
}

/** What holds without the project, and what the project would add. */
export type Project = {
  readonly layers: Layers
  readonly base: Config
  readonly judged: readonly Judged[]
  /** Names of all profiles, the user's and the project's. */
  readonly profiles: readonly string[]
  /** What of it has no effect here, as a sentence; '' for nothing. */
  readonly ignored: string
}

/** Reads everything that configures a start here. Asks nobody and decides nothing. */
export async function readProject({ host, note }: Pick<Context, 'host' | 'note'>, flags: Layer): Promise<Project> {
  const read = await readLayers(host, flags)
  const layers = { ...read, user: withChoice(read.user, host, projectFolders(host)[0]) }
  const base = configOf(layers)
  const folders = base.settings.projectConfig === 'ignore' ? [] : projectFolders(host)
  const files = readProjectFiles(folders)
  const [top] = files.length === 0 ? [] : folders
  const writable = top === undefined ? [] : writableFolders(top, host)
  const around = { writable, home: host.home, profile: layers.profile, note }
  const parsed = await Promise.all(files.map(async (file) => ({ file, ...(await parseProjectFile(file, around)) })))
  const devcontainer = await wantedDevcontainer(host, base)
  const profiles = parsed.flatMap((one) => one.profiles)
  requireProfile(layers, { sources: [], profiles })
  // The project's paude.toml has the last word.
  const judged = judgeInTurn(layers, [...(devcontainer === null ? [] : [devcontainer]), ...parsed])
  return {
    layers,
    base,
    judged,
    profiles: [...new Set([...layers.user.profiles, ...profiles])],
    ignored: devcontainer?.ignored ?? '',
  }
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

export const itemText = ({ key, value }: Pick<Item, 'key' | 'value'>): string => `${key} = ${value}`

/** What the user is asked about a file. */
export const askedOf = ({ file, sources, items }: Judged, { home }: Pick<Host, 'home'>): Asked => ({
  file: file.file,
  hash: file.hash,
  items: items.map(itemText),
  before: Object.fromEntries(items.flatMap((item) => (item.had === null ? [] : [[itemText(item), item.had] as const]))),
  also: Object.fromEntries([
    ...(file.parts ?? []).map((part) => [part.file, part.hash] as const),
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
  const contexts = judged.sources.flatMap(({ values: { imageBuild } }) => folderOf(imageBuild))
  if (contexts.length === 0) return asked
  const { contextHash } = await import('../run/build-context.ts')
  return { ...asked, also: { ...asked.also, ...Object.fromEntries(contexts.map((path) => [path, contextHash(path)])) } }
}

/** Folders of the project of which an image is made. */
const folderOf = (build: ImageBuild | null | undefined): readonly string[] =>
  build == null ? [] : [...(build.dockerfile ? [build.context] : []), ...build.features.flatMap(({ folder }) => folder || [])]

/**
 * What a file opens, as the lines of a diff against what the user has. The dangerous ones come last, next to the question. Where the user
 * approved the file as it was, what he did not see then is marked.
 */
export const widened = (judged: Judged, { home }: Pick<Host, 'home'>, approved: Approval | null): readonly Line[] => [
  ...inTurn(judged.items).flatMap((item): readonly Line[] => {
    const { key, value, before, place } = item
    const why = danger(item)
    const isNew = approved !== null && !approved.items.includes(itemText(item))
    const where = `# ${shown(place.split('/').at(-1) ?? '')}${isNew ? ', new' : ''}${why === '' ? '' : `: ${why}`}`
    return [
      // That nothing was there is no news.
      ...(before === '' || before === 'not set' ? [] : [{ risk: 'before' as const, text: `- ${key} = ${shown(before)}` }]),
      { risk: why === '' ? 'opens' : 'danger', text: `+ ${key} = ${shown(value)}${counted(value)}   ${where}` },
    ]
  }),
  // What is mounted or read is what a link leads to.
  ...[...new Set(judged.sources.flatMap((source) => outerPlaces(source, home)))].flatMap((path) => {
    const real = realPath(path)
    return real === null || real === path ? [] : [{ risk: 'danger' as const, text: `  ${shown(path)} links to ${shown(real)}` }]
  }),
  ...Object.entries(approved === null ? {} : askedOf(judged, { home }).also).flatMap(([path, content]) =>
    approved?.also[path] === undefined || approved.also[path] === content
      ? []
      : [{ risk: 'danger' as const, text: `  ${shown(path)} has changed since you approved it` }],
  ),
]

function inTurn(items: readonly Item[]): readonly Item[] {
  const { dangerous, rest } = byRisk(items)
  return [...rest, ...dangerous]
}

/** A line of that diff, and what it does to you. */
export type Line = { readonly risk: 'before' | 'opens' | 'danger'; readonly text: string }

/** Whole, since anything may stand in the middle; how long it is, since what stands beside it may have left the screen. */
const counted = (value: string): string => (isLong(value) ? ` (${value.length} characters)` : '')

/** Three lines of a narrow terminal. */
export const isLong = (text: string): boolean => text.length > 240
