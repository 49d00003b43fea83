import { defineCommand, type ParsedArgs } from 'citty'
import { installs } from '../../agents/installs.ts'
import { agents } from '../../agents/registry.ts'
import { type Backend, need } from '../../backends/backend.ts'
import { pickBackend, usable } from '../../backends/pick.ts'
import { allBackends } from '../../backends/registry.ts'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import { readAgentVersion } from '../../image/agent-version.ts'
import { type ImageSpec, imageRef } from '../../image/build.ts'
import { extraCaCertificates } from '../../image/ca.ts'
import { checkExitCode, checkImage } from '../../image/check.ts'
import type { Check } from '../../image/checked.ts'
import { readProbe } from '../../image/probed.ts'
import { insistOnImage } from '../../image/reference.ts'
import { exec } from '../../plan/plan.ts'
import { renderPlan } from '../../plan/render.ts'
import { ask } from '../../run/ask.ts'
import { execute } from '../../run/execute.ts'
import { capture } from '../../run/process.ts'
import { agentImage, proxyImage } from '../../session/life/images.ts'
import { idOf } from '../../session/life/wanted-images.ts'
import { cacheFolder } from '../../state.ts'
import { printable } from '../../text.ts'
import { dryRun } from '../args.ts'
import { startConfig } from '../config/start-config.ts'
import { green, red, table, yellow } from '../streams/output.ts'
import { flagsOf, mostWords, subVerb } from '../words.ts'
import { removeImages } from './image-rm.ts'

const args = {
  what: { type: 'positional', description: 'build, ls, check or rm', required: true },
  references: { type: 'positional', description: "check: the image (default: paude's own); rm: the images", required: false },
  'no-cache': { type: 'boolean', description: 'build: also when it is there already, every step anew' },
  'agent-version': { type: 'string', valueHint: 'X.Y.Z', description: 'build: this release of Claude Code' },
  quick: { type: 'boolean', description: 'check: without starting a container' },
  stale: { type: 'boolean', description: 'rm: every image that a start here would not use, and what builds left behind' },
  json: { type: 'boolean', description: 'ls, check: print one JSON document' },
  'dry-run': dryRun,
} as const

type Given = ParsedArgs<typeof args>

const FLAGS = ['no-cache', 'agent-version', 'quick', 'stale', 'json', 'dry-run'] as const

export default (context: Context) =>
  defineCommand({
    meta: { name: 'image', description: 'Build, list, check and remove images: paude image build|ls|check|rm' },
    args,
    async run({ args: given, rawArgs: references }) {
      const most = mostWords('image', given.what)
      if (references.length > most)
        throw new PaudeError('usage', `paude image ${given.what}: one word too many: ${JSON.stringify(references[most])}`, {
          hint: 'paude help image',
        })
      const stray = FLAGS.find((flag) => given[flag] !== undefined && !flagsOf('image', given.what).includes(flag))
      if (stray !== undefined && subVerb('image', given.what) !== undefined)
        throw new PaudeError('usage', `paude image ${given.what} takes no --${stray}`, {
          hint: `leave it out, or see paude help image ${given.what}`,
        })
      switch (given.what) {
        case 'build':
          return await build(context, given)
        case 'ls':
          return await list(context, given)
        case 'check':
          return await check(context, given, references[0])
        case 'rm':
          return await removeImages(context, { references, stale: given.stale === true, dryRun: given['dry-run'] === true })
        default:
          throw new PaudeError('usage', `paude image has no verb ${JSON.stringify(given.what)}`, {
            hint: 'paude image build, ls, check or rm',
          })
      }
    },
  })

/** Builds what a start would build, now. An image that is there is left alone unless --no-cache asks for it anew. */
async function build(context: Context, given: Given): Promise<number> {
  const { settings } = await startConfig(context, { ...context.flags, dryRun: given['dry-run'] === true })
  const backend = await pickBackend(context.host, settings.backend)
  const extraCa = extraCaCertificates(context.host, settings.caFile)
  const version = readAgentVersion(given['agent-version'] ?? settings.agentVersion)
  const specs = [agentImage(context.host, { ...settings, agentVersion: version }, extraCa), proxyImage(context.host)]
  for (const spec of specs) await buildOne(context, { backend, spec, given })
  return 0
}

async function buildOne(
  context: Context,
  { backend, spec, given }: { backend: Backend; spec: ImageSpec; given: Given },
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
  if (before !== '' && !noCache) context.note(`${reference} is there already; --no-cache builds it anew`)
  else {
    await execute(plan, context.effects(backend))
    // What lost its name to the new image would be nobody's from now on; the engine keeps it while a container needs it.
    if (before !== '' && before !== (await idOf(backend, reference)))
      await execute([exec(images.remove(before), { tolerant: true })], context.effects(backend))
  }
  context.answer(reference)
}

async function list(context: Context, { json }: Given): Promise<number> {
  const found = await Promise.all(
    allBackends.map(async (backend) => {
      const { name } = backend
      if (backend.images === null || (await usable(context.host, backend)) !== 'yes') return []
      const images = await ask(backend.images.list, context.effects(backend)).catch((error: unknown) => {
        if (!(error instanceof PaudeError)) throw error
        context.warn(`${error.message}: the images of ${name} are not shown`)
        return []
      })
      return images.map((image) => ({ backend: name, ...image }))
    }),
  )
  const images = found.flat()
  if (json) context.answer(JSON.stringify(images, null, 2))
  else if (images.length === 0) context.note('no images yet; the first start builds them, or paude image build')
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
      ),
    )
  return 0
}

async function check(context: Context, { quick, json }: Given, reference: string | undefined): Promise<number> {
  if (reference !== undefined) insistOnImage(reference)
  const { host } = context
  const { settings } = await startConfig(context, context.flags)
  const backend = await pickBackend(host, settings.backend)
  const images = need(backend, 'images')
  const { program } = agents[settings.agent]
  const own = imageRef(agentImage(host, settings, extraCaCertificates(host, settings.caFile)))
  const image = reference ?? (settings.image || own)
  const metadata = await ask(images.inspect(image), context.effects(backend))
  const probe = quick
    ? null
    : readProbe((await capture(images.probe(image, { uid: host.uid, gid: host.gid, agent: program }))).stdout)
  const checks = checkImage({
    reference: image,
    architecture: host.arch,
    metadata,
    probe,
    agent: program,
    install: installs[settings.agent],
  })
  if (json) context.answer(JSON.stringify({ image, backend: backend.name, checks }, null, 2))
  else context.answer(table(['ID', 'RESULT', 'CHECK', 'FOUND', 'FIX'], checks.map(row)))
  return checkExitCode(checks)
}

const row = ({ id, ok, severity, title, message, fix }: Check): readonly string[] => [
  id,
  ok ? green('ok') : severity === 'error' ? red(severity) : yellow(severity),
  title,
  printable(message),
  ok ? '' : fix,
]
