import { join } from 'node:path'
import { findProgram } from '../../host.ts'
import type { RecipeBuilding } from '../../image/project-build.ts'
import { exec, folder, type Plan, remove, write } from '../../plan/plan.ts'
import { builder, type Dialect } from './flags.ts'

type Making = RecipeBuilding & { readonly dialect: Dialect }

/** Makes the image of a project's own recipe: from its Dockerfile, then with the features that the devcontainer CLI puts on. */
export function recipePlan(making: Making): Plan {
  const { recipe } = making
  const features = Object.keys(recipe.features).length > 0
  const plain = features ? `${recipe.reference}-plain` : recipe.reference
  return [
    ...(recipe.dockerfile === null ? [] : buildSteps(making, recipe.dockerfile.text, plain)),
    ...(features ? featureSteps(making, recipe.dockerfile === null ? recipe.base : plain) : []),
  ]
}

/**
 * The Dockerfile goes in through stdin and the context is a copy: what was approved is what is built, whatever a box makes of
 * the project meanwhile.
 */
function buildSteps(making: Making, text: string, tag: string): Plan {
  const { dialect, recipe, approved, hint } = making
  const { reference, dockerfile, context, target, args } = recipe
  const work = workFolder(making, 'context')
  const copy = join(work, 'context')
  return [
    // What a killed start of the same number has left.
    remove(work),
    folder(work),
    { kind: 'copy-context', from: context, to: copy, approved, hint },
    exec(
      [
        ...builder(dialect),
        `--tag=${tag}`,
        ...(target === '' ? [] : [`--target=${target}`]),
        ...Object.entries(args).map(([name, value]) => `--build-arg=${name}=${value}`),
        '--label=paude.image=devcontainer',
        '--file=-',
        copy,
      ],
      { title: `building image ${reference} from ${dockerfile?.path ?? ''}, with the network of the engine`, stdin: text },
    ),
    remove(work),
  ]
}

/** In a folder with nothing of the project in it, so that the CLI reads what was approved and no more. */
function featureSteps(making: Making, base: string): Plan {
  const { dialect, recipe, host } = making
  const work = workFolder(making, 'features')
  const program = findProgram(host, 'devcontainer') ?? 'devcontainer'
  return [
    folder(work),
    folder(join(work, '.devcontainer')),
    write(join(work, '.devcontainer/devcontainer.json'), `${JSON.stringify({ image: base, features: recipe.features })}\n`),
    exec([program, 'build', `--workspace-folder=${work}`, `--docker-path=${dialect.name}`, `--image-name=${recipe.reference}`], {
      title: `putting features on ${recipe.reference}`,
    }),
    exec(['rm', '-rf', '--', work], { tolerant: true }),
  ]
}

const workFolder = ({ cache, recipe, id }: Making, what: 'context' | 'features'): string =>
  join(cache, `devcontainer-${recipe.reference.split(':').at(-1) ?? ''}-${what}-${id}`)
