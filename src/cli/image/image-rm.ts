import { listImages, listStages } from '../../backends/oci/list.ts'
import { pickBackend, usable } from '../../backends/pick.ts'
import { type BackendName, backendNames, backends } from '../../backends/registry.ts'
import { loadConfig } from '../../config/layers/load.ts'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import { extraCaCertificates } from '../../image/ca.ts'
import type { ListedImage, Stage } from '../../image/listed.ts'
import { exec, type Plan } from '../../plan/plan.ts'
import { renderPlan } from '../../plan/render.ts'
import { ask } from '../../run/ask.ts'
import { execute } from '../../run/execute.ts'
import { imagesHere, replaceable } from '../../session/life/wanted-images.ts'
import { printable } from '../../text.ts'
import { dryRun } from '../args.ts'
import { configHere } from '../config/config-here.ts'
import { alsoTaking, OF_IMAGES, only, PLANS, taking } from '../front-flags.ts'
import { verb } from '../verb.ts'

/** What an engine holds of ours. Only this can be removed: an image of others is never called by its name. */
type Held = { readonly engine: BackendName; readonly images: readonly ListedImage[]; readonly stages: readonly Stage[] }
type Doomed = { readonly engine: BackendName; readonly reference: string }

export const removeImages = verb({
  description: 'Remove images',
  front: alsoTaking(PLANS, { ...only('--stale', ...OF_IMAGES), ...taking('backend', 'profile') }),
  args: {
    references: { type: 'positional', many: true, description: 'Images' },
    stale: { type: 'boolean', description: 'Every image that a start here would not use, and what builds left behind' },
    'dry-run': dryRun,
  },
  examples: [['paude image rm --stale', 'every one that a start here would not use']],
  async run(context, { references, stale = false, 'dry-run': dry }) {
    if (stale === references.length > 0)
      throw new PaudeError('usage', stale ? '--stale takes no names of images' : 'paude image rm needs the name of an image', {
        hint: stale ? 'leave them out' : 'paude image ls lists them; paude image rm --stale removes all that is no longer used',
      })
    const held = await askForImages(context)
    const doomed = stale ? await staleImages(context, held) : references.flatMap((reference) => named(held, reference))
    if (doomed.length === 0) context.note('no image of paude is left over')
    if (dry) {
      if (doomed.length > 0) context.answer(renderPlan(doomed.flatMap(removal)))
      return 0
    }
    let kept = 0
    for (const one of doomed) if (!(await removeOne(context, one))) kept++
    return kept > 0 && !stale ? 1 : 0
  },
})

/** Of every usable engine, or of the one that was chosen. */
async function askForImages(context: Context): Promise<readonly Held[]> {
  const { host } = context
  const { backend } = (await loadConfig(host, context.flags)).settings
  if (backend !== 'auto') await pickBackend(host, backend)
  const answers = await Promise.all(
    (backend === 'auto' ? backendNames : [backend]).map(async (engine) => {
      if (backend === 'auto' && (await usable(host, engine)) !== 'yes') return []
      const effects = context.effects(backends[engine])
      const [images, stages] = await Promise.all([ask(listImages(engine), effects), ask(listStages(engine), effects)])
      return [{ engine, images, stages }]
    }),
  )
  return answers.flat()
}

function named(held: readonly Held[], reference: string): readonly Doomed[] {
  const found = held.filter(({ images }) => images.some((image) => image.reference === reference))
  if (found.length > 0) return found.map(({ engine }) => ({ engine, reference }))
  throw new PaudeError('not-found', `paude has built no image ${JSON.stringify(reference)}`, {
    hint: 'paude image ls lists those that it has; others are removed with the engine itself',
  })
}

async function staleImages(context: Context, held: readonly Held[]): Promise<readonly Doomed[]> {
  const { host } = context
  const { config, fault } = await configHere(context)
  // What a broken file would have wanted is not known.
  if (fault !== null) throw fault
  const { settings } = config
  const extraCa = extraCaCertificates(host, settings.caFile)
  const lists = await Promise.all(
    held.map(async ({ engine, images, stages }) => {
      const { kept: wanted } = await imagesHere(host, { settings, extraCa, engine })
      const old = replaceable(images).filter(({ reference }) => !wanted.includes(reference))
      return [...old, ...stages].map(({ reference }) => ({ engine, reference }))
    }),
  )
  return lists.flat()
}

/** Without force: the engine refuses to remove what a container needs, also that of a stopped session. */
const removal = ({ engine, reference }: Doomed): Plan => [exec([engine, 'image', 'rm', reference])]

async function removeOne(context: Context, doomed: Doomed): Promise<boolean> {
  const { engine, reference } = doomed
  try {
    await execute(removal(doomed), context.effects(backends[engine]))
    context.answer(`${engine} ${reference}`)
    return true
  } catch (error) {
    if (!(error instanceof PaudeError) || error.code === 'interrupted') throw error
    context.warn(`${engine} keeps ${reference}: ${printable(error.message)}`)
    return false
  }
}
