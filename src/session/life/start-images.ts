import { join } from 'node:path'
import { agentNames } from '../../agents/names.ts'
import { agentOf } from '../../agents/registry.ts'
import { type Backend, need } from '../../backends/backend.ts'
import type { Settings } from '../../config/keys/settings.ts'
import type { Host } from '../../host.ts'
import { customName, downloadOf, type ImageSpec, imageRef, OURS } from '../../image/build.ts'
import { downloadNames, downloadsFolder } from '../../image/download.ts'
import { readTools } from '../../image/tools.ts'
import { question } from '../../run/question.ts'
import { cacheFolder, namesIn } from '../../state.ts'
import { knownTraits, ownImages, proxyImage, startImage, thinImage, toolsImage } from './images.ts'

type Place = { readonly settings: Settings; readonly extraCa: string; readonly backend: Backend }

/** An image that a start here would use. `there` is known of an image of yours alone: paude's own are in the engine's list of them. */
export type StartImage = { readonly reference: string; readonly there: boolean }

/**
 * `start`: the images of a start here, as chooseImages decides. An image that no start looked into is taken to have the agent.
 * `kept`: names of all images that starts here may use, so that none of them is stale. Asks the engine once, about an image of yours.
 */
export async function imagesHere(
  host: Host,
  { settings: wanted, extraCa, backend }: Place,
): Promise<{ readonly start: readonly StartImage[]; readonly kept: readonly string[] }> {
  const own = ownImages(host, wanted, extraCa).map(built)
  const image = startImage(host, wanted, extraCa)
  const settings = { ...wanted, image: typeof image === 'string' ? image : '' }
  const tools = readTools(wanted)
  if (settings.image === '') return { start: own, kept: own.map(({ reference }) => reference) }
  const { program } = agentOf(settings)
  const proxy = built(proxyImage(host))
  const id = await idOf(backend, settings.image)
  const thin = (libc: 'glibc' | 'musl') => {
    const spec = id === null ? null : thinImage(host, { settings, extraCa, id, libc })
    return spec === null ? [] : [built(spec)]
  }
  const traits = id === null ? undefined : knownTraits(host, backend.name, { id, program })
  const yours = { reference: settings.image, there: id !== null }
  const agent = traits === undefined || traits[program] ? [yours] : thin(traits['musl'] ? 'musl' : 'glibc')
  const topped = (on: StartImage): readonly StartImage[] =>
    tools === null || id === null
      ? []
      : [built(toolsImage(host, { wanted: tools, extraCa, base: on.reference, baseId: on === yours ? id : '' }))]
  const thins = [...thin('glibc'), ...thin('musl')]
  const kept = [...own, ...thins, ...[yours, ...thins].flatMap(topped)].map(({ reference }) => reference)
  const top = agent.flatMap(topped)
  return { start: [...(top.length > 0 ? top : agent), proxy], kept }
}

/** Files of programs that were fetched for images that no start here would build. */
export function staleDownloads(host: Host, { settings, extraCa }: Omit<Place, 'backend'>): readonly string[] {
  const folder = downloadsFolder(cacheFolder(host))
  const used = ownImages(host, settings, extraCa)
    // An image of yours may be on either libc.
    .flatMap((spec) => (spec.image === 'agent' ? [spec, { ...spec, libc: 'musl' } as const] : [spec]))
    .map(downloadOf)
    .flatMap((download) => (download === null ? [] : downloadNames(download)))
  return namesIn(folder)
    .filter((name) => !used.includes(name))
    .map((name) => join(folder, name))
}

const built = (spec: ImageSpec): StartImage => ({ reference: imageRef(spec), there: false })

/** Images that may go when a start here would not use them. One that a project's own recipe makes is that project's affair. */
export const replaceable = <Image extends { readonly reference: string }>(images: readonly Image[]): readonly Image[] =>
  images.filter(
    ({ reference }) => KEPT.some((name) => reference.startsWith(`${OURS}${name}:`)) || reference.startsWith(`${OURS}agent-`),
  )

const KEPT = [...[...agentNames, 'tools'].flatMap((name) => [name, customName(name)]), 'proxy']

/** null when there is no such image. */
export async function idOf(backend: Backend, reference: string): Promise<string | null> {
  const query = need(backend, 'images').id(reference)
  const { code, stdout } = await question(query.argv)
  return code === 0 ? query.parse(stdout) : null
}
