import type { Settings } from '../../config/keys/settings.ts'
import type { Host } from '../../host.ts'
import { type Engine, type ImageSpec, imageRef } from '../../image/build.ts'
import { capture } from '../../run/process.ts'
import { claudeImage, knownTraits, proxyImage, thinImage } from './images.ts'

type Place = { readonly settings: Settings; readonly extraCa: string; readonly engine: Engine }

/** An image that a start here would use. `there` is known of an image of yours alone: paude's own are in the engine's list of them. */
export type StartImage = { readonly reference: string; readonly there: boolean }

/** The images of a start here, as chooseImages decides. What was never looked into is taken to have the agent: the start looks. */
export async function startImages(host: Host, place: Place): Promise<readonly StartImage[]> {
  const { settings, extraCa, engine } = place
  const built = (spec: ImageSpec): StartImage => ({ reference: imageRef(spec), there: false })
  const proxy = built(proxyImage(host))
  if (settings.image === '') return [built(claudeImage(host, settings, extraCa)), proxy]
  const id = await idOf(engine, settings.image)
  const traits = id === null ? undefined : knownTraits(host, engine, id)
  if (id === null || traits === undefined || traits.claude) return [{ reference: settings.image, there: id !== null }, proxy]
  return [built(thinImage(host, { settings, extraCa, id, libc: traits.musl ? 'musl' : 'glibc' })), proxy]
}

/** Names of all images that starts here may use, so that none of them is stale. Asks the engine only about an image of the user's own. */
export async function wantedImages(host: Host, { settings, extraCa, engine }: Place): Promise<readonly string[]> {
  const own = [claudeImage(host, settings, extraCa), proxyImage(host)].map((spec) => imageRef(spec))
  return settings.image === '' ? own : [...own, ...(await thinImages(host, { settings, extraCa, engine }))]
}

/** Images that may go when a start here would not use them. One that a project's own recipe makes is that project's affair. */
export const replaceable = <Image extends { readonly reference: string }>(images: readonly Image[]): readonly Image[] =>
  images.filter(({ reference }) => /^localhost\/paude\/(claude|proxy):/.test(reference))

/** What adds Claude to the user's own image; which libc that has is not asked. */
async function thinImages(host: Host, { settings, extraCa, engine }: Place): Promise<readonly string[]> {
  const id = await idOf(engine, settings.image)
  if (id === null) return []
  return (['glibc', 'musl'] as const).map((libc) => imageRef(thinImage(host, { settings, extraCa, id, libc })))
}

async function idOf(engine: Engine, reference: string): Promise<string | null> {
  const { code, stdout } = await capture([engine, 'image', 'inspect', '--format={{.Id}}', reference])
  return code === 0 ? stdout.trim() : null
}
