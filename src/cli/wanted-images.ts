import type { Settings } from '../config/settings.ts'
import type { Host } from '../host.ts'
import { readAgentVersion } from '../image/agent-version.ts'
import { type Engine, imageRef } from '../image/build.ts'
import { capture } from '../run/process.ts'
import { claudeImage, proxyImage } from './images.ts'

/** Names of the images that a start here would use, each of which paude builds. Asks the engine only about an image of the user's own. */
export async function wantedImages(
  host: Host,
  { settings, extraCa, engine }: { readonly settings: Settings; readonly extraCa: string; readonly engine: Engine },
): Promise<readonly string[]> {
  const own = [claudeImage(host, settings, extraCa), proxyImage(host)].map((spec) => imageRef(spec))
  return settings.image === '' ? own : [...own, ...(await thinImages(host, { settings, extraCa, engine }))]
}

/** What adds Claude to the user's own image; which libc that has is not asked. */
async function thinImages(
  host: Host,
  { settings, extraCa, engine }: { readonly settings: Settings; readonly extraCa: string; readonly engine: Engine },
): Promise<readonly string[]> {
  const { code, stdout } = await capture([engine, 'image', 'inspect', '--format={{.Id}}', settings.image])
  if (code !== 0) return []
  const spec = {
    image: 'custom',
    base: settings.image,
    baseId: stdout.trim(),
    arch: host.arch,
    extraCa,
    agentVersion: readAgentVersion(settings.agentVersion),
  } as const
  return (['glibc', 'musl'] as const).map((libc) => imageRef({ ...spec, libc }))
}
