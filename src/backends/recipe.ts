import { join } from 'node:path'
import type { RecipeBuilding } from '../image/project-build.ts'
import { type Argv, exec, folder, type Plan, remove, write } from '../plan/plan.ts'

/** `readsStdin`: whether the builder takes a Dockerfile from its stdin. */
type Making = RecipeBuilding & { readonly builder: Argv; readonly readsStdin: boolean }

/** Makes the image of a project's own recipe: from its Dockerfile, then with its features. */
export function recipePlan(making: Making): Plan {
  const { recipe } = making
  const features = recipe.features.length > 0
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
  const { builder, readsStdin, recipe, approved, hint } = making
  const { reference, dockerfile, context, target, args } = recipe
  const work = workFolder(making, 'context')
  const copy = join(work, 'context')
  // Not in the context: that is the project's own.
  const file = join(work, 'Dockerfile')
  return [
    // What a killed start of the same number has left.
    remove(work),
    folder(work),
    { kind: 'copy-context', from: context, to: copy, approved: approved(context), hint },
    ...(readsStdin ? [] : [write(file, text)]),
    exec(
      [
        ...builder,
        `--tag=${tag}`,
        ...(target === '' ? [] : [`--target=${target}`]),
        ...Object.entries(args).map(([name, value]) => `--build-arg=${name}=${value}`),
        '--label=paude.image=devcontainer',
        `--file=${readsStdin ? '-' : file}`,
        copy,
      ],
      {
        title: `building image ${reference} from ${dockerfile?.path ?? ''}, with the network of the engine`,
        ...(readsStdin ? { stdin: text } : {}),
      },
    ),
    remove(work),
  ]
}

/** Nothing of the project but its approved features is in the context of their build. */
function featureSteps(making: Making, base: string): Plan {
  const { builder, recipe, approved, hint } = making
  const { reference, features, user } = recipe
  const work = workFolder(making, 'features')
  const context = join(work, 'context')
  const placed = features.map((feature, at) =>
    feature.folder === '' ? feature : { ...feature, folder: join(work, `own-${at}`) },
  )
  return [
    remove(work),
    folder(work),
    ...features.flatMap(
      ({ folder: from }, at): Plan =>
        from === '' ? [] : [{ kind: 'copy-context', from, to: placed[at]?.folder ?? '', approved: approved(from), hint }],
    ),
    { kind: 'lay-features', features: placed, base, user, to: context, title: `fetching features for ${reference}` },
    exec(
      [...builder, `--tag=${reference}`, '--label=paude.image=devcontainer', `--file=${join(context, 'Dockerfile')}`, context],
      { title: `putting features on image ${reference}, with the network of the engine` },
    ),
    remove(work),
  ]
}

const workFolder = ({ cache, recipe, id }: Making, what: 'context' | 'features'): string =>
  join(cache, `devcontainer-${recipe.reference.split(':').at(-1) ?? ''}-${what}-${id}`)
