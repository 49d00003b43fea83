import type { Host } from '../host.ts'
import type { Feature } from '../plan/plan.ts'

/** A project's own recipe of an image. */
export type ImageBuild = {
  readonly kind: 'build'
  /** The devcontainer.json that says so. */
  readonly file: string
  /** Name of what is made; it changes with everything here but the files of the context. */
  readonly reference: string
  /** null where features are put on an image as it is. */
  readonly dockerfile: { readonly path: string; readonly text: string; readonly hash: string } | null
  readonly context: string
  /** '' for the last stage. */
  readonly target: string
  readonly args: Readonly<Record<string, string>>
  /** Image that features are put on where there is no Dockerfile. */
  readonly base: string
  /** In the order in which they are wanted; what one depends on comes first all the same. */
  readonly features: readonly Feature[]
  /** User of the image for whom features install; the box runs as you. */
  readonly user: string
}

export type RecipeBuilding = {
  readonly recipe: ImageBuild
  readonly host: Pick<Host, 'env'>
  /** Hash of a folder that the user has approved; null when there is none. */
  readonly approved: (folder: string) => string | null
  /** What to do where that is not what is there. */
  readonly hint: string
  /** Absolute; what is needed lies below for as long as it is. */
  readonly cache: string
  /** Tells builds that run at the same time apart. */
  readonly id: string
}
