import type { ProviderName } from '../credentials/providers.ts'

/** An agent as data: what `[agents.NAME]` says, and what paude ships. */
export type Recipe = {
  readonly name: string
  /** Its program and the words of every start. */
  readonly command: readonly string[]
  readonly install: Installing
  /** Release that is installed: X.Y.Z; '' where the installation decides. */
  readonly version: string
  /** Who answers its models: the key stays outside. `none` for an agent with a login of its own. */
  readonly provider: ProviderName | 'none'
  /** Variables of the sandbox, with placeholders. */
  readonly env: Readonly<Record<string, string>>
  /** What it reaches besides its provider. */
  readonly hosts: readonly string[]
  /** Its configuration: place (`~/…` where nothing is, `/etc/…` read-only) to content, with placeholders. */
  readonly configFiles: Readonly<Record<string, string>>
  /** Words with which it goes on with its last conversation; none where it cannot. */
  readonly resume: readonly string[]
  /** Whether it draws a screen. */
  readonly interactive: boolean
  /** Options and verbs with which it prints an answer and draws no screen. */
  readonly prints: readonly string[]
  /** How it tells what it does: `osc`, `none`, or `title:` and what its title looks like while it works. */
  readonly state: string
  /** Your words at every start, before those of the command line. */
  readonly args: readonly string[]
}

/** Steps of an image build, in this order. */
export type Installing = {
  /** Packages of Debian. */
  readonly apt: readonly string[]
  /** Package of npm, installed with Node.js; with `program`, that one file is taken out of it. */
  readonly npm: string
  readonly program: string
  /** Package of PyPI, in an environment of its own. */
  readonly pip: string
  /** Lines of sh, run by root. */
  readonly script: string
}

/** What one file says of an agent: only the keys that stand there. */
export type AgentEntry = { readonly kind: 'agent'; readonly name: string } & {
  readonly [Key in Exclude<keyof Recipe, 'name' | 'install'>]?: Recipe[Key] | undefined
} & { readonly install?: { readonly [Key in keyof Installing]?: Installing[Key] | undefined } | undefined }

export const NO_INSTALL: Installing = { apt: [], npm: '', program: '', pip: '', script: '' }
