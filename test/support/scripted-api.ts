/** One request as it arrived, so after every proxy on the way. */
export type Asked = {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly status: number
  /** What it was asked to do: the texts and images of the last message of a person, and whatever the caller's own instructions are. */
  readonly parts: readonly string[]
  readonly instructions: string
}

/** A server that answers as a provider's does, by scripts in the prompts. */
export type ScriptedApi = {
  readonly port: number
  readonly requests: readonly Asked[]
  /** Requests that began, also those that are not answered yet. */
  readonly starting: () => number
  readonly stop: () => Promise<void>
}
