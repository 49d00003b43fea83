import { join } from 'node:path'
import type { ImageBuild } from '../config/settings.ts'
import { findProgram, type Host } from '../host.ts'
import { exec, folder, type Plan, write } from '../plan/plan.ts'
import { type Engine, engineFlags } from './build.ts'

type Making = {
  readonly engine: Engine
  readonly recipe: ImageBuild
  readonly host: Pick<Host, 'env'>
  /** Absolute; what is needed lies below for as long as it is. */
  readonly cache: string
  /** Tells builds that run at the same time apart. */
  readonly id: string
}

/** Makes the image of a project's own recipe: from its Dockerfile, then with the features that the devcontainer CLI puts on. */
export function recipePlan(making: Making): Plan {
  const { recipe } = making
  const features = Object.keys(recipe.features).length > 0
  const plain = features ? `${recipe.reference}-plain` : recipe.reference
  return [
    ...(recipe.dockerfile === null ? [] : [buildStep(making, recipe.dockerfile.text, plain)]),
    ...(features ? featureSteps(making, recipe.dockerfile === null ? recipe.base : plain) : []),
  ]
}

/** The Dockerfile goes in through stdin: what was approved is what is built, whatever lies on disk by now. */
function buildStep({ engine, recipe }: Making, text: string, tag: string) {
  const { reference, dockerfile, context, target, args } = recipe
  return exec(
    [
      engine,
      'build',
      ...engineFlags(engine),
      `--tag=${tag}`,
      ...(target === '' ? [] : [`--target=${target}`]),
      ...Object.entries(args).map(([name, value]) => `--build-arg=${name}=${value}`),
      '--label=paude.image=devcontainer',
      '--file=-',
      context,
    ],
    { title: `building image ${reference} from ${dockerfile?.path ?? ''}, with the network of the engine`, stdin: text },
  )
}

/** In a folder with nothing of the project in it, so that the CLI reads what was approved and no more. */
function featureSteps({ engine, recipe, host, cache, id }: Making, base: string): Plan {
  const work = join(cache, `devcontainer-${recipe.reference.split(':').at(-1) ?? ''}-${id}`)
  const program = findProgram(host, 'devcontainer') ?? 'devcontainer'
  return [
    folder(work),
    folder(join(work, '.devcontainer')),
    write(join(work, '.devcontainer/devcontainer.json'), `${JSON.stringify({ image: base, features: recipe.features })}\n`),
    exec([program, 'build', `--workspace-folder=${work}`, `--docker-path=${engine}`, `--image-name=${recipe.reference}`], {
      title: `putting features on ${recipe.reference}`,
    }),
    exec(['rm', '-rf', '--', work], { tolerant: true }),
  ]
}
