import { installOf } from '../../agents/installs.ts'
import { agentOf } from '../../agents/registry.ts'
import { type Backend, type Helper, need } from '../../backends/backend.ts'
import { usable } from '../../backends/pick.ts'
import { allBackends } from '../../backends/registry.ts'
import { lacking } from '../../backends/unanswered.ts'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import { readAgentVersion } from '../../image/agent-version.ts'
import { BASE, type ImageSpec, imageRef } from '../../image/build.ts'
import { extraCaCertificates } from '../../image/ca.ts'
import { checkExitCode, checkImage } from '../../image/check.ts'
import type { Check } from '../../image/checked.ts'
import { readProbe } from '../../image/probed.ts'
import { requireImageReference } from '../../image/reference.ts'
import { exec } from '../../plan/plan.ts'
import { renderPlan } from '../../plan/render.ts'
import { ask } from '../../run/ask.ts'
import { execute } from '../../run/execute.ts'
import { imagesToBuild, ownImages } from '../../session/life/images.ts'
import { lookInto } from '../../session/life/look-into.ts'
import { idOf } from '../../session/life/start-images.ts'
import { pickHere } from '../../session/resolve/far.ts'
import { cacheFolder } from '../../state.ts'
import { printable } from '../../text.ts'
import { dryRun, json, type Values } from '../args.ts'
import { startConfig } from '../config/start-config.ts'
import { alsoTaking, OF_IMAGES, PLANS, READS, taking } from '../front-flags.ts'
import { green, red, writeAll, yellow } from '../streams/output.ts'
import { fit, table } from '../streams/table.ts'
import { topic, verb } from '../verb.ts'
import { removeImages } from './image-rm.ts'
import { tryImage } from './try-image.ts'

const buildArgs = {
  'no-cache': { type: 'boolean', description: 'Build it again from the first step' },
  'agent-version': { type: 'string', valueHint: 'X.Y.Z', description: 'Release of the agent' },
  verbose: { type: 'boolean', description: 'Show the whole output of the engine' },
  'dry-run': dryRun,
} as const

const checkArgs = {
  reference: { type: 'positional', description: "Image (default: paude's own)" },
  quick: { type: 'boolean', description: 'Do not start a sandbox' },
  trial: { type: 'boolean', description: 'Also run a command in a sandbox of its own, in an empty project' },
  json,
} as const

export default topic({
  description: 'Build, list, check and remove images',
  examples: [
    ['paude image build', 'build the image that a start uses'],
    ['paude image ls', "paude's images on every engine"],
    ['paude image check my/image:1', 'what an image lacks'],
    ['paude image rm --stale', 'images of earlier versions and settings, unless a session needs them'],
  ],
  verbs: {
    build: verb({
      description: 'Build the image that a start here uses',
      front: alsoTaking(
        PLANS,
        taking('agent', 'backend', 'image', 'agent-version', 'ca-file', 'devcontainer', 'profile', 'ignore-project-config'),
      ),
      args: buildArgs,
      examples: [['paude image build --no-cache', 'from the first step, even if the image exists']],
      run: build,
    }),
    ls: verb({
      description: "List paude's images on every engine",
      front: READS,
      args: { json },
      examples: [['paude image ls', 'with their size and age']],
      run: list,
    }),
    check: verb({
      description: 'Show what an image lacks for a sandbox',
      front: { takes: taking('backend', ...OF_IMAGES), acts: true },
      args: checkArgs,
      examples: [
        ['paude image check my/image:1', 'an image of your own'],
        ['paude image check --quick', "paude's own image, without starting a sandbox"],
        ['paude image check --trial my/image:1', 'also whether it can work on a project'],
      ],
      run: check,
    }),
    rm: removeImages,
  },
})

/** Builds what a start would build, now. An image that is there is left alone unless --no-cache asks for it anew. */
async function build(context: Context, given: Values<typeof buildArgs>): Promise<number> {
  const config = await startConfig(context, { ...context.flags, dryRun: given['dry-run'] === true })
  const { settings } = config
  const backend = await pickHere(context, config, 'image')
  const extraCa = extraCaCertificates(context.host, settings.caFile)
  const version = given['agent-version'] === undefined ? settings.agentVersion : readAgentVersion(given['agent-version'])
  const wish = { settings: { ...settings, agentVersion: version, dryRun: given['dry-run'] === true }, extraCa, backend }
  for (const spec of await imagesToBuild(context, wish)) await buildOne(context, { backend, spec, given })
  return 0
}

async function buildOne(
  context: Context,
  { backend, spec, given }: { backend: Backend; spec: ImageSpec; given: Values<typeof buildArgs> },
): Promise<void> {
  const reference = imageRef(spec)
  const noCache = given['no-cache'] === true
  const images = need(backend, 'images')
  const plan = images.build({
    spec,
    host: context.host,
    cache: cacheFolder(context.host),
    id: String(process.pid),
    noCache,
  })
  if (given['dry-run']) return context.answer(renderPlan(plan))
  const before = (await idOf(backend, reference)) ?? ''
  if (before !== '' && !noCache) context.note(`${reference} already exists; to build it again: paude image build --no-cache`)
  else {
    const effects = context.effects(backend)
    await execute(plan, given.verbose ? { ...effects, verbose: (text) => void writeAll(2, text) } : effects)
    // What lost its name to the new image would be nobody's from now on; the engine keeps it while a container needs it.
    if (before !== '' && before !== (await idOf(backend, reference)))
      await execute([exec(images.remove(before), { tolerant: true })], context.effects(backend))
  }
  context.answer(reference)
}

async function list(context: Context, { json }: { readonly json: true | undefined }): Promise<number> {
  const found = await Promise.all(
    allBackends.map(async (backend) => {
      const { name } = backend
      if (backend.images === null || (await usable(context.host, backend)) !== 'yes') return []
      const images = await ask(backend.images.list, context.effects(backend)).catch((error: unknown) => {
        if (!(error instanceof PaudeError)) throw error
        context.warn(lacking(error, `paude cannot show the images of ${name}`))
        return []
      })
      return images.map((image) => ({ backend: name, ...image }))
    }),
  )
  const images = found.flat()
  if (json) context.answer(JSON.stringify(images, null, 2))
  else if (images.length === 0) context.note('no images yet; the first start builds them, or: paude image build')
  else
    context.answer(
      table(
        ['IMAGE', 'BACKEND', 'SIZE', 'CREATED', 'AGENT'],
        images.map(({ reference, backend, size, created, agentVersion }) => [
          reference,
          backend,
          `${Math.round(size / 1e6)} MB`,
          created.slice(0, 10),
          agentVersion || '-',
        ]),
        fit(context.host),
      ),
    )
  return 0
}

async function check(context: Context, { reference, quick, trial, json }: Values<typeof checkArgs>): Promise<number> {
  if (quick && trial) throw new PaudeError('usage', '--quick and --trial cannot be combined', { hint: 'leave one of them out' })
  if (reference !== undefined) requireImageReference(reference)
  const { host } = context
  const config = await startConfig(context, context.flags)
  const { settings } = config
  const backend = await pickHere(context, config, 'image')
  const images = need(backend, 'images')
  const { program } = agentOf(settings)
  // Yours, or the last of paude's own but the proxy's: the one with the tools on top.
  const built = ownImages(host, settings, extraCaCertificates(host, settings.caFile)).map(imageRef).at(-2)
  const image = reference ?? (settings.image || built || settings.imageBase || BASE)
  const metadata = await ask(images.inspect(image), context.effects(backend))
  const who = { ...backend.user(host), agent: program }
  const argv = (as: Helper) => images.probe(image, who, as)
  const probe = quick ? null : readProbe((await lookInto(context, backend, { reference: image, seconds: 60, argv })).stdout)
  const looked = checkImage({
    reference: image,
    architecture: host.arch,
    metadata,
    probe,
    agent: program,
    install: installOf(settings),
  })
  // One that cannot run at all says so above; a trial would only say it again.
  const tried = trial && checkExitCode(looked) === 0 ? await tryImage(context, { backend, image: reference }) : []
  const checks = [...looked, ...tried]
  if (json) context.answer(JSON.stringify({ image, backend: backend.name, checks }, null, 2))
  else context.answer(table(['ID', 'RESULT', 'CHECK', 'FOUND', 'FIX'], checks.map(row), fit(context.host)))
  return checkExitCode(checks)
}

const row = ({ id, ok, severity, title, message, fix }: Check): readonly string[] => [
  id,
  ok ? green('ok') : severity === 'error' ? red(severity) : yellow(severity),
  title,
  printable(message),
  ok ? '' : fix,
]
