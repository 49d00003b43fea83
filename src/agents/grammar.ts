/** How an agent's own words are read, as data. Options are written as they are typed, with their dashes. */
export type Grammar = {
  /** Options that take the next word as their value. */
  readonly valued: readonly string[]
  /** Of all with a value, those that go on to the next option. */
  readonly variadic: readonly string[]
  /** Options whose value may be left out: the next word is theirs unless it looks like an option. */
  readonly optional: readonly string[]
  /** Options without a value that look like one of paude's. */
  readonly switches: readonly string[]
  readonly verbs: readonly string[]
  /** Of the verbs, those that ask a model and print its answer. */
  readonly printingVerbs: readonly string[]
  /** Of the verbs, those that open its screen with a conversation that is there already. */
  readonly namingVerbs: readonly string[]
  /** Options that have it tell about itself and end. */
  readonly quiet: readonly string[]
  /** Options that have it print its answer in place of drawing a screen. */
  readonly printing: readonly string[]
  /** Options whose values are paths; `written` when the agent makes the file. */
  readonly paths: readonly { readonly option: string; readonly written: boolean }[]
  /** Options that name a conversation that is there already. */
  readonly names: readonly string[]
  /** Further options with which you choose the conversation, so that paude must not. */
  readonly chooses: readonly string[]
  /** Options whose conversation lies elsewhere: a later start cannot go on with it. */
  readonly elsewhere: readonly string[]
  /** With which it asks nobody before it acts, an option, or one with a blank and its value. */
  readonly unattended: readonly (string | RegExp)[]
  /** Further options that a later start leaves out. */
  readonly once: readonly string[]
}
