import { defineCommand, type ParsedArgs } from 'citty'
import type { Backend } from '../../backends/backend.ts'
import { pickBackend, usable } from '../../backends/pick.ts'
import { backendNames, backends } from '../../backends/registry.ts'
import { PaudeError } from '../../errors.ts'
import { readAgentVersion } from '../../image/agent-version.ts'
import { buildPlan, type Engine, type ImageSpec, imageRef } from '../../image/build.ts'
import { extraCaCertificates } from '../../image/ca.ts'
import { type Check, checkExitCode, checkImage } from '../../image/check.ts'
import { inspectQuery } from '../../image/inspect.ts'
import { listImages } from '../../image/list.ts'
import { probeArgv, readProbe } from '../../image/probe.ts'
import { renderPlan } from '../../plan/render.ts'
import { ask } from '../../run/ask.ts'
import { execute } from '../../run/execute.ts'
import { capture } from '../../run/process.ts'
import { cacheFolder } from '../../session/store.ts'
import { dryRun } from '../carry-out.ts'
import type { Context } from '../context.ts'
import { claudeImage, proxyImage } from '../images.ts'
import { green, printable, red, table, yellow } from '../output.ts'
import { startConfig } from '../start-config.ts'

const args = {
  what: { type: 'positional', description: 'build, ls or check', required: true },
  reference: { type: 'positional', description: "check: the image (default: paude's own)", required: false },
  'no-cache': { type: 'boolean', description: 'build: also when it is there already, every step anew' },
  'agent-version': { type: 'string', valueHint: 'X.Y.Z', description: 'build: this release of Claude Code' },
  quick: { type: 'boolean', description: 'check: without starting a container' },
  json: { type: 'boolean', description: 'ls, check: print one JSON document' },
  'dry-run': dryRun,
} as const

type Given = ParsedArgs<typeof args>

export default (context: Context) =>
  defineCommand({
    meta: { name: 'image', description: 'Build, list and check images: paude image build|ls|check' },
    args,
    async run({ args: given }) {
      switch (given.what) {
        case 'build':
          return await build(context, given)
        case 'ls':
          return await list(context, given)
        case 'check':
          return await check(context, given)
        default:
          throw new PaudeError('usage', `paude image has no verb ${JSON.stringify(given.what)}`, {
            hint: 'paude image build, ls or check',
          })
      }
    },
  })

/** Builds what a start would build, now. An image that is there is left alone unless --no-cache asks for it anew. */
async function build(context: Context, given: Given): Promise<number> {
  const { settings } = await startConfig(context, context.flags)
  const backend = await pickBackend(context.host, settings.backend)
  const extraCa = extraCaCertificates(context.host, settings.caFile)
  const version = readAgentVersion(given['agent-version'] ?? settings.agentVersion)
  const specs = [claudeImage(context.host, { ...settings, agentVersion: version }, extraCa), proxyImage(context.host)]
  for (const spec of specs) await buildOne(context, { backend, spec, given })
  return 0
}

async function buildOne(
  context: Context,
  { backend, spec, given }: { backend: Backend; spec: ImageSpec; given: Given },
): Promise<void> {
  const reference = imageRef(spec)
  const noCache = given['no-cache'] === true
  const plan = buildPlan({
    engine: backend.name as Engine,
    spec,
    host: context.host,
    cache: cacheFolder(context.host),
    id: String(process.pid),
    noCache,
  })
  if (given['dry-run']) return context.answer(renderPlan(plan))
  const there = !noCache && (await capture([backend.program, 'image', 'inspect', reference])).code === 0
  if (there) context.note(`${reference} is there already; --no-cache builds it anew`)
  else await execute(plan, context.effects(backend))
  context.answer(reference)
}

async function list(context: Context, { json }: Given): Promise<number> {
  const found = await Promise.all(
    backendNames.map(async (name) => {
      if ((await usable(context.host, name)) !== 'yes') return []
      const images = await ask(listImages(name), context.effects(backends[name])).catch((error: unknown) => {
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

async function check(context: Context, { reference, quick, json }: Given): Promise<number> {
  const { host } = context
  const { settings } = await startConfig(context, context.flags)
  const backend = await pickBackend(host, settings.backend)
  const engine = backend.name as Engine
  const own = imageRef(claudeImage(host, settings, extraCaCertificates(host, settings.caFile)))
  const image = reference ?? (settings.image || own)
  const metadata = await ask(inspectQuery(engine, image), context.effects(backend))
  const probe = quick
    ? null
    : readProbe((await capture(probeArgv(engine, image, { uid: host.uid, gid: host.gid, agent: 'claude' }))).stdout)
  const checks = checkImage({ reference: image, architecture: host.arch, metadata, probe, agent: 'claude' })
  if (json) context.answer(JSON.stringify({ image, backend: engine, checks }, null, 2))
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
