/** An image that paude built and that still bears its name. */
export type ListedImage = {
  readonly reference: string
  /** Without `sha256:`. */
  readonly id: string
  /** Bytes; some engines round them to three digits. */
  readonly size: number
  /** ISO time. */
  readonly created: string
  /** '' for the proxy's image. */
  readonly agentVersion: string
}

/** What a build leaves behind beside its image: nothing is called by a name of it, and it only serves the next build. */
export type Stage = { readonly reference: string; readonly size: number }

/** An image that somebody built on ours inherits the label, but not the name. */
export const newestFirst = (images: readonly ListedImage[]): readonly ListedImage[] =>
  images
    .filter(({ reference }) => reference.startsWith('localhost/paude/'))
    .toSorted((a, b) => b.created.localeCompare(a.created))
