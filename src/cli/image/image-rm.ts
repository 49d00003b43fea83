import { rmSync } from 'node:fs'
import { type Backend, need } from '../../backends/backend.ts'
import { usable } from '../../backends/pick.ts'
import { allBackends } from '../../backends/registry.ts'
import { loadConfig } from '../../config/layers/load.ts'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import { imageRef } from '../../image/build.ts'
import { extraCaCertificates } from '../../image/ca.ts'
import type { ListedImage, Stage } from '../../image/listed.ts'
import { exec, type Plan, remove } from '../../plan/plan.ts'
import { renderPlan } from '../../plan/render.ts'
import { ask } from '../../run/ask.ts'
import { execute } from '../../run/execute.ts'
import { proxyImage } from '../../session/life/images.ts'
import { staleKits } from '../../session/life/kit.ts'
import { imagesHere, replaceable, staleDownloads } from '../../session/life/start-images.ts'
import { pickHere } from '../../session/resolve/far.ts'
import { printable } from '../../text.ts'
import { dryRun } from '../args.ts'
import { configHere } from '../config/config-here.ts'
import { alsoTaking, OF_IMAGES, only, PLANS, taking } from '../front-flags.ts'
import { verb } from '../verb.ts'

/** What an engine holds of ours. Only this can be removed: an image of others is never called by its name. */
type Held = { readonly backend: Backend; readonly images: readonly ListedImage[]; readonly stages: readonly Stage[] }
type Doomed = { readonly backend: Backend; readonly reference: string }

export const removeImages = verb({
  description: 'Remove images',
  front: alsoTaking(PLANS, { ...only('--stale', ...OF_IMAGES), ...taking('backend', 'profile') }),
  args: {
    references: { type: 'positional', many: true, description: 'Images' },
    stale: {
      type: 'boolean',
      description: 'Remove every image, download and relay program that a start here does not use, and leftovers of builds',
    },
    'dry-run': dryRun,
  },
  examples: [['paude image rm --stale', 'all that a start here does not use']],
  async run(context, { references, stale = false, 'dry-run': dry }) {
    if (stale === references.length > 0)
      throw new PaudeError('usage', stale ? '--stale takes no image names' : 'paude image rm needs an image name', {
        hint: stale ? 'leave the names out' : 'list them: paude image ls; or remove all unused ones: paude image rm --stale',
      })
    const held = await askForImages(context)
    const { doomed, files, used } = stale
      ? await whatIsStale(context, held)
      : { doomed: references.flatMap((reference) => named(held, reference)), files: [], used: [] }
    for (const { backend, reference } of used) context.note(`${backend.name} keeps ${reference}: a container uses it`)
    if (doomed.length + files.length === 0) context.note('no unused images')
    if (dry) {
      const plan = [...doomed.flatMap(removal), ...files.map(remove)]
      if (plan.length > 0) context.answer(renderPlan(plan))
      if (stale && doomed.length > 0) context.note('another project builds its image again at its next start')
      return 0
    }
    for (const file of files) {
      rmSync(file, { recursive: true, force: true })
      context.answer(file)
    }
    let kept = 0
    for (const one of doomed) if (!(await removeOne(context, one))) kept++
    return kept > 0 && !stale ? 1 : 0
  },
})

/** Of every usable engine, or of the one that was chosen. */
async function askForImages(context: Context): Promise<readonly Held[]> {
  const { host } = context
  const config = await loadConfig(host, context.flags)
  const named = config.settings.backend === 'auto' ? null : await pickHere(context, config, 'image rm')
  const answers = await Promise.all(
    (named === null ? allBackends : [named]).map(async (backend) => {
      if (named === null && (backend.images === null || (await usable(host, backend)) !== 'yes')) return []
      const effects = context.effects(backend)
      const { list, stages } = need(backend, 'images')
      const [images, left] = await Promise.all([ask(list, effects), ask(stages, effects)])
      return [{ backend, images, stages: left }]
    }),
  )
  return answers.flat()
}

function named(held: readonly Held[], reference: string): readonly Doomed[] {
  const found = held.filter(({ images }) => images.some((image) => image.reference === reference))
  if (found.length > 0) return found.map(({ backend }) => ({ backend, reference }))
  throw new PaudeError('not-found', `paude did not build an image ${JSON.stringify(reference)}`, {
    hint: "list paude's images: paude image ls; remove others with the engine",
  })
}

type Stale = { readonly doomed: readonly Doomed[]; readonly files: readonly string[]; readonly used: readonly Doomed[] }

/** `files` are first programs of boxes, and downloads; `used` is what the engine would refuse to remove. */
async function whatIsStale(context: Context, held: readonly Held[]): Promise<Stale> {
  const { host } = context
  const { config, fault } = await configHere(context)
  // What a broken file would have wanted is not known.
  if (fault !== null) throw fault
  const { settings } = config
  const extraCa = extraCaCertificates(host, settings.caFile)
  const lists = await Promise.all(
    held.map(async ({ backend, images, stages }) => {
      const [{ kept: wanted }, taken] = await Promise.all([
        imagesHere(host, { settings, extraCa, backend }),
        ask(need(backend, 'images').used, context.effects(backend)),
      ])
      const old = replaceable(images).filter(({ reference }) => !wanted.includes(reference))
      return [...old, ...stages.map((stage) => ({ ...stage, id: stage.reference }))].map(({ reference, id }) => ({
        backend,
        reference,
        isUsed: taken.has(reference) || taken.has(id),
      }))
    }),
  )
  const files = [...staleKits(host, imageRef(proxyImage(host))), ...staleDownloads(host, { settings, extraCa })]
  const all = lists.flat()
  return { doomed: all.filter(({ isUsed }) => !isUsed), files, used: all.filter(({ isUsed }) => isUsed) }
}

/** Without force: the engine refuses to remove what a container needs, also that of a stopped session. */
const removal = ({ backend, reference }: Doomed): Plan => [exec(need(backend, 'images').remove(reference))]

async function removeOne(context: Context, doomed: Doomed): Promise<boolean> {
  const { backend, reference } = doomed
  try {
    await execute(removal(doomed), context.effects(backend))
    context.answer(`${backend.name} ${reference}`)
    return true
  } catch (error) {
    if (!(error instanceof PaudeError) || error.code === 'interrupted') throw error
    context.warn(`${backend.name} keeps ${reference}: ${printable(error.message)}`)
    return false
  }
}
