import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { installOf } from '../../agents/installs.ts'
import { agentOf } from '../../agents/registry.ts'
import { type Backend, need } from '../../backends/backend.ts'
import { pickBackend } from '../../backends/pick.ts'
import type { Settings } from '../../config/keys/settings.ts'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import type { Host } from '../../host.ts'
import { readAgentVersion } from '../../image/agent-version.ts'
import { BASE, type ImageSpec, imageRef } from '../../image/build.ts'
import type { Install } from '../../image/install.ts'
import { requireImageReference } from '../../image/reference.ts'
import { readTools, type Tools } from '../../image/tools.ts'
import { guard, type Plan } from '../../plan/plan.ts'
import { cacheFolder } from '../../state.ts'
import { bringing, present, recipeOf } from './bring-image.ts'
import { initFile, kitPlan } from './kit.ts'
import { lookInto } from './look-into.ts'

/** The images of a start, the steps that come first in any case, and those that bring missing ones about. */
export type Images = {
  readonly agent: string
  readonly proxy: string
  /** File that is the first program of the box. */
  readonly init: string
  readonly first: Plan
  readonly rescue: Plan | undefined
}

export type ImageWish = {
  readonly settings: Settings
  readonly extraCa: string
  readonly backend: Backend
  readonly kind: 'agent' | 'command'
}

/** Names the images of a start. Asks the engine only about a custom image of an agent. */
export async function chooseImages(context: Context, wish: ImageWish): Promise<Images> {
  const { backend, extraCa, kind } = wish
  const { host } = context
  if (backend.images === null) return await namedImages(context, wish)
  const start = startImage(host, wish.settings, extraCa)
  const settings = { ...wish.settings, image: typeof start === 'string' ? start : '' }
  if (settings.image !== '') requireImageReference(settings.image)
  const proxy = proxyImage(host)
  const { agent, tools } =
    typeof start !== 'string'
      ? { agent: start, tools: onTop(host, wish, below(start)) }
      : // With tools on top one image serves agents and commands alike.
        kind === 'agent' || readTools(settings) !== null
        ? await yourImages(context, { ...wish, settings })
        : NOTHING
  const build = (spec: ImageSpec) => building(spec, { host, backend })
  const unlessThere = (spec: ImageSpec) => bringImage(spec, { host, backend })
  const isHere = backend.remote === null
  const init = isHere ? initFile(host, backend.name, imageRef(proxy)) : ''
  const looks = settings.dryRun || settings.printConfig
  const recipe = recipeOf(settings)
  if (recipe !== null && kind === 'command' && !looks) await present(context, { settings, backend })
  // A custom image of an agent was fetched when it was looked into, and that of a recipe is made before in any case.
  const bring = recipe !== null && !looks ? [] : bringing(host, backend, settings)
  const fresh = settings.image === '' && agent !== null ? build(agent) : kind === 'command' ? bring : []
  return {
    agent: tools !== null ? imageRef(tools) : agent === null ? settings.image : imageRef(agent),
    proxy: imageRef(proxy),
    init,
    first: [
      ...(settings.pull === 'always' ? [...fresh, ...(tools === null ? [] : build(tools))] : []),
      // Over there it is taken out of the proxy's image for each session.
      ...(isHere
        ? kitPlan(init, { host, backend, proxy: imageRef(proxy), bring: settings.pull === 'never' ? [] : [unlessThere(proxy)] })
        : []),
    ],
    rescue:
      settings.pull === 'never'
        ? undefined
        : [
            ...(settings.image === '' || bring.length === 0 ? [] : [missing(backend, settings.image, bring)]),
            ...(agent === null ? [] : [unlessThere(agent)]),
            ...(tools === null ? [] : [unlessThere(tools)]),
            ...(settings.network === 'none' && isHere ? [] : [unlessThere(proxy)]),
          ],
  }
}

/** Images by name alone: where such a backend runs, they are fetched or there already. */
async function namedImages({ host }: Pick<Context, 'host'>, { settings, extraCa, backend }: ImageWish): Promise<Images> {
  const { name } = backend
  if (settings.pull !== 'missing')
    throw new PaudeError(
      'unsupported',
      `${name} fetches an image that a node lacks, and no other, but image.pull is ${settings.pull}`,
      {
        hint: 'leave --pull out',
      },
    )
  if (readTools(settings) !== null)
    throw new PaudeError(
      'unsupported',
      `${name} takes an image by name, so image.packages, image.tools and image.variant cannot extend it`,
      {
        hint: 'build an image that has them, push it to a registry, and name it with image.ref',
      },
    )
  const start = startImage(host, settings, extraCa)
  if (typeof start === 'string') requireImageReference(start)
  const own = [...(typeof start === 'string' ? [] : [start]), proxyImage(host)]
  const named = (spec: ImageSpec) => backend.published(settings, imageRef(spec)) || imageRef(spec)
  const pushed = own.filter((spec) => named(spec) !== imageRef(spec))
  const builder = pushed.length === 0 ? null : await pickBackend(host, 'auto')
  return {
    agent: typeof start === 'string' ? start : named(start),
    proxy: named(proxyImage(host)),
    init: '',
    first:
      builder === null
        ? []
        : pushed.map((spec) =>
            missing(builder, named(spec), [
              bringImage(spec, { host, backend: builder }),
              ...need(builder, 'images').push(imageRef(spec), named(spec)),
            ]),
          ),
    rescue: undefined,
  }
}

type Chosen = Pick<Settings, 'agent' | 'agents' | 'image' | 'imageBase' | 'agentVersion'>
type ChosenTools = Pick<Settings, 'imageVariant' | 'imagePackages' | 'imageTools'>

/** The image of a start: one that is taken as it is, by name (yours, or the base where the agent needs nothing added), or one that is built. */
export function startImage(host: Host, settings: Chosen, extraCa: string): string | ImageSpec {
  const { image, imageBase } = settings
  const install = installOf(settings)
  const base = imageBase || BASE
  if (image !== '' || install === null) return image || base
  const version = releaseOf(install, settings)
  return { image: 'agent', install, base, baseId: '', arch: host.arch, extraCa, agentVersion: version, libc: 'glibc' }
}

/** '' where the installation decides what comes. */
function releaseOf({ title, version }: Install, { agentVersion }: Pick<Settings, 'agentVersion'>): string {
  if (version !== '') return readAgentVersion(agentVersion)
  if (agentVersion !== '')
    throw new PaudeError('usage', `paude cannot choose a release of ${title}: its installation decides`, {
      hint: 'leave --agent-version and image.agent_version out',
    })
  return ''
}

/** The images that paude makes itself for starts without one of yours. */
export function ownImages(host: Host, settings: Chosen & ChosenTools, extraCa: string): readonly ImageSpec[] {
  const agent = startImage(host, { ...settings, image: '' }, extraCa)
  const tools = typeof agent === 'string' ? null : onTop(host, { settings, extraCa }, below(agent))
  return [agent, tools, proxyImage(host)].filter((one) => one !== null && typeof one !== 'string')
}

/** What adds the tools of a start to an image; null where there are none. */
function onTop(
  host: Host,
  { settings, extraCa }: { readonly settings: ChosenTools; readonly extraCa: string },
  base: { readonly base: string; readonly baseId: string },
): ImageSpec | null {
  const wanted = readTools(settings)
  return wanted === null ? null : toolsImage(host, { wanted, extraCa, ...base })
}

export const toolsImage = (
  host: Host,
  on: { readonly wanted: Tools; readonly extraCa: string; readonly base: string; readonly baseId: string },
): ImageSpec => ({ image: 'tools', arch: host.arch, ...on })

/** The name of an image that paude built changes with what is in it. */
const below = (agent: ImageSpec) => ({ base: imageRef(agent), baseId: '' })

/** All that paude makes for a start, in the order in which each is built on the one before; brings an image of yours about to look into it. */
export async function imagesToBuild(context: Context, wish: Omit<ImageWish, 'kind'>): Promise<readonly ImageSpec[]> {
  const { host } = context
  const start = startImage(host, wish.settings, wish.extraCa)
  if (typeof start !== 'string') return ownImages(host, wish.settings, wish.extraCa)
  const { agent, tools } = await yourImages(context, { ...wish, settings: { ...wish.settings, image: start } })
  return [...[agent, tools].filter((spec) => spec !== null), proxyImage(host)]
}

/** The wall is always made from Debian: `[image] base` is the agent's business. Extra certificates reach it when it starts. */
export const proxyImage = (host: Host): ImageSpec => ({ image: 'proxy', base: BASE, baseId: '', arch: host.arch, extraCa: '' })

type Place = { readonly host: Host; readonly backend: Backend }

/** Makes an image where it is missing. */
export const bringImage = (spec: ImageSpec, place: Place): Plan[number] =>
  missing(place.backend, imageRef(spec), building(spec, place))

const building = (spec: ImageSpec, { host, backend }: Place): Plan =>
  need(backend, 'images').build({ spec, host, cache: cacheFolder(host), id: String(process.pid), noCache: false })

const missing = (backend: Backend, reference: string, steps: Plan) => guard(need(backend, 'images').has(reference), steps)

/** What is built on an image of the user's own: `agent` is null when that has the agent already, `tools` when nobody wants any. */
type Built = { readonly agent: ImageSpec | null; readonly tools: ImageSpec | null }
const NOTHING: Built = { agent: null, tools: null }

async function yourImages(context: Context, wish: Omit<ImageWish, 'kind'>): Promise<Built> {
  const { settings, backend, extraCa } = wish
  const { host } = context
  const reference = settings.image
  if (settings.dryRun || (settings.printConfig && recipeOf(settings) !== null))
    return { agent: null, tools: onTop(host, wish, { base: reference, baseId: '' }) }
  const id = await present(context, wish)
  const { program } = agentOf(settings)
  const apt = readTools(settings) !== null
  const traits = await imageTraits(context, backend, { reference, id, program, apt })
  if (apt) requireApt(reference, traits)
  if (traits[program]) return { agent: null, tools: onTop(host, wish, { base: reference, baseId: id }) }
  const thin = thinImage(host, { settings, extraCa, id, libc: traits['musl'] ? 'musl' : 'glibc' })
  if (thin === null)
    throw new PaudeError('unsupported', `${reference} has no ${program} in its PATH, and paude cannot add it`, {
      hint: `paude image check ${reference}`,
    })
  return { agent: thin, tools: onTop(host, wish, below(thin)) }
}

function requireApt(reference: string, traits: Traits): void {
  if (traits['apt']) return
  throw new PaudeError(
    'unsupported',
    `${reference} has no apt-get, so image.packages, image.tools and image.variant cannot extend it`,
    {
      hint: 'use an image of Debian or Ubuntu, or install the tools in your own Dockerfile and use its image',
    },
  )
}

/** What adds the agent to an image of the user's own, whose id is `id`; null where paude cannot add it. */
export function thinImage(
  host: Host,
  {
    settings,
    extraCa,
    id,
    libc,
  }: {
    readonly settings: Pick<Settings, 'agent' | 'agents' | 'image' | 'agentVersion'>
    readonly extraCa: string
    readonly id: string
    readonly libc: 'glibc' | 'musl'
  },
): ImageSpec | null {
  const install = installOf(settings)
  if (install === null) return null
  const version = releaseOf(install, settings)
  return { image: 'custom', install, base: settings.image, baseId: id, arch: host.arch, extraCa, agentVersion: version, libc }
}

/** Programs that were looked for, `apt` and `musl`. */
type Traits = Readonly<Record<string, boolean>>

/** What is in an image is looked up once: an id never changes its content. */
async function imageTraits(
  context: Context,
  backend: Backend,
  {
    reference,
    id,
    program,
    apt,
  }: { readonly reference: string; readonly id: string; readonly program: string; readonly apt: boolean },
): Promise<Traits> {
  const { host } = context
  const { name } = backend
  const remembered = knownTraits(host, name, { id, program })
  // An earlier release of paude did not look for apt.
  if (remembered !== undefined && (!apt || remembered['apt'] !== undefined)) return remembered
  const probe = `command -v ${program} >/dev/null && echo ${program}; command -v apt-get >/dev/null && echo apt; for file in /lib/ld-musl-*; do [ -e "$file" ] && echo musl; done; :`
  const { stdout, code } = await lookInto(context, backend, {
    reference,
    seconds: 20,
    argv: (as) => need(backend, 'images').run(reference, probe, as),
  })
  const found = stdout.split('\n')
  const traits = Object.fromEntries([program, 'apt', 'musl'].map((name) => [name, found.includes(name)]))
  if (code === 0) {
    mkdirSync(cacheFolder(host), { recursive: true, mode: 0o700 })
    const file = traitsFile(host)
    writeFileSync(
      file,
      JSON.stringify({ ...readTraits(file), [`${name} ${id}`]: { ...readTraits(file)[`${name} ${id}`], ...traits } }),
      { mode: 0o600 },
    )
  }
  return traits
}

/** What an earlier start found in an image; undefined when none has looked. */
export function knownTraits(
  host: Host,
  engine: string,
  { id, program }: { readonly id: string; readonly program: string },
): Traits | undefined {
  const traits = readTraits(traitsFile(host))[`${engine} ${id}`]
  return traits?.[program] === undefined ? undefined : traits
}

const traitsFile = (host: Host): string => join(cacheFolder(host), 'image-traits.json')

function readTraits(file: string): Readonly<Record<string, Traits>> {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Record<string, Traits>
  } catch {
    return {}
  }
}
