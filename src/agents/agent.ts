import type { Credential } from '../credentials/credential.ts'
import type { HookReader } from '../events/read.ts'
import type { Host } from '../host.ts'

/** What paude must know about a program it runs in the box. Data and pure functions. */
export type Agent = {
  readonly name: string
  /** Name in the box's PATH. */
  readonly program: string
  /** Files and folders that these words name. */
  readonly paths: (words: readonly string[]) => readonly NamedPath[]
  /** Whether these words make it draw on a terminal. */
  readonly interactive: (words: readonly string[]) => boolean
  /** Whether it asks its models through the provider of the caller: not with words that need none, nor where these variables of the box name another way. */
  readonly asksModels: (words: readonly string[], variables: readonly string[]) => boolean
  /** The credential of the caller, and how it is hidden; null when there is none. */
  readonly credential: (host: Host) => Credential | null
  /** Hosts it cannot work without, each with its reason. */
  readonly needs: (host: Host, credential: Credential | null) => readonly { readonly host: string; readonly why: string }[]
  /** Environment of every start. */
  readonly environment: (host: Host, words: readonly string[]) => Readonly<Record<string, string>>
  /** Id of the conversation that the user's words name, or ''. */
  readonly chosen: (words: readonly string[]) => string
  /** The option of these words that chooses a conversation, or ''. */
  readonly namesConversation: (words: readonly string[]) => string
  /** The words that copy a conversation into a new one with this id. */
  readonly fork: (conversation: string, id: string, words: readonly string[]) => readonly string[]
  /** The shell lines that set the words of a start: first with the user's own, later continuing the conversation. */
  readonly command: (words: readonly string[], opening: Opening) => string
  /** Modes that it sets on every terminal it draws on: a holder that comes later did not see that. */
  readonly modes: string
  /** Prints what it keeps on file of its own state, in the box; nothing when it keeps none. */
  readonly ownFile: readonly string[]
  /** Reads what its hooks were told. */
  readonly hook: HookReader
  /** Files laid out read-only for every start, by name below /paude/seed. */
  readonly seed: (facts: {
    readonly directory: string
    readonly restricted: boolean
    /** Whether somebody looks at it on a terminal. */
    readonly screen: boolean
  }) => Readonly<Record<string, string>>
}

/** What paude asks of an agent's words: enough to tell a mistyped word of paude's own from one of the agent's. */
export type Grammar = {
  /** Words with their values, up to the first that is no option. */
  readonly options: (words: readonly string[]) => readonly (readonly string[])[]
  readonly isOption: (word: string) => boolean
  readonly isVerb: (words: readonly string[]) => boolean
}

/** How a session's conversation begins. */
export type Opening = {
  /** Id paude or the user's words gave it; '' when the agent chooses one itself. */
  readonly conversation: string
  /** Whether a later start goes on with it. */
  readonly continues: boolean
  /** The conversation that is copied, and the session it belongs to. */
  readonly origin?: { readonly conversation: string; readonly session: string } | undefined
}

/** A path as an option's value, as it was typed; `written` when the agent makes it. */
export type NamedPath = { readonly option: string; readonly path: string; readonly written: boolean }
