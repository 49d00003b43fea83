import type { Key, Provider } from '../credentials/providers.ts'
import type { Service, ServiceName } from '../credentials/services.ts'
import type { PaudeError } from '../errors.ts'
import type { AgentState, Said, TitleSigns } from '../events/activity.ts'
import type { HookReader } from '../events/read.ts'
import type { Host } from '../host.ts'
import type { Argv } from '../plan/plan.ts'
import type { Grammar } from './grammar.ts'
import type { ExtensionPolicy, Imports } from './imports.ts'

/** What paude must know about a program it runs in the box. Data and pure functions. */
export type Agent = {
  readonly name: string
  /** Its name in sentences. */
  readonly title: string
  /** Name in the box's PATH. */
  readonly program: string
  /** Words of every start, before yours. */
  readonly before: readonly string[]
  readonly grammar: Grammar
  /** Whether it draws a screen with words that ask for none. */
  readonly screen: boolean
  /** Who answers its models, by preference; none for an agent that asks no model. */
  readonly providers: readonly Provider[]
  /** Clouds that can answer its models in place of its own provider. */
  readonly services?: Services
  /** The one that does; absent where its own provider does. */
  readonly service?: Service
  /** What it reaches besides them, as the allowlist has it. */
  readonly hosts: readonly string[]
  /** What is typed on its screen to log in to the first of them; '' where that is not possible: a login inside the box is refused then. */
  readonly login: string
  /** How it makes a credential for all projects; null where you can only give it a key. */
  readonly tokenLogin: TokenLogin | null
  /** Its settings in a project and the option that names others: with `signs` in them, they give it a credential of their own. */
  readonly ownCredential: { readonly files: readonly string[]; readonly option: string; readonly signs: RegExp } | null
  /** Variables of the box that send it to another provider. */
  readonly otherWays: RegExp
  /** Whether it asks the proxy for a tunnel also to an address without TLS, so that nothing can add a credential on the way. */
  readonly tunnelsHttp?: true
  /** Environment of every start. */
  readonly environment: (host: Host, words: readonly string[]) => Readonly<Record<string, string>>
  /** How its conversations begin and go on; null for an agent that has none. */
  readonly conversation: Conversation | null
  /** Words that go on with whatever it did last, for one whose conversations have no ids; none where it cannot. */
  readonly resume: readonly string[]
  /** Lines of sh that a start runs before it. */
  readonly prelude: string
  readonly signals: Signals
  /** How your own set-up of it comes into a box; null where it has none. */
  readonly imports: Imports | null
  /** Whether these words have it make a working tree, for which it accepts no `commondir` in the git directory. */
  readonly makesWorktree: (words: readonly string[]) => boolean
  /** Places outside HOME where the box has a file of the seed, read-only: place to name. */
  readonly system: Readonly<Record<string, string>>
  /** Places below HOME that get a file of the seed where nothing is: place to name. */
  readonly home: Readonly<Record<string, string>>
  /** Files laid out read-only for every start, by name below /paude/seed. */
  readonly seed: (facts: {
    readonly directory: string
    readonly restricted: boolean
    /** Whether somebody looks at it on a terminal. */
    readonly screen: boolean
    /** Whether it changes a copy of the project's configuration of agents. */
    readonly shadowed: boolean
    /** Where the models of its first provider are, as the box reaches them; '' for an agent without a provider. */
    readonly address: string
    /** Absent where every plugin may come. */
    readonly policy?: ExtensionPolicy | undefined
  }) => Readonly<Record<string, string>>
  /** How its hooks report without a box; absent for one that has none there. */
  readonly hooksHere?: HooksHere
}

/** Files of `folder` and words of every start, with which its hooks append to the file `events` of this machine; null where your words leave no room for them. */
export type HooksHere = (at: {
  readonly folder: string
  readonly events: string
  readonly words: readonly string[]
}) => { readonly words: readonly string[]; readonly files: Readonly<Record<string, string>> } | null

export type Services = {
  /** Those that the agent can have. */
  readonly names: readonly ServiceName[]
  /** The one that its own login on this machine is for, and the file of that; absent where paude uses none. */
  readonly own?: { readonly service: ServiceName; readonly file: (host: Pick<Host, 'env' | 'home'>) => string }
  /** What the caller's variables say. `said` is the service that files choose, '' for none. */
  readonly read: (env: Host['env'], said: ServiceName | '') => SaidOfService
  /** A variable of the caller's that chooses a cloud paude does not know; '' for none. */
  readonly foreign: (env: Host['env']) => string
  /** The agent with its models from there. */
  readonly at: (agent: Agent, service: Service) => Agent
}

/** What variables say of a service, each with its variable. */
export type SaidOfService = {
  readonly [Key in 'service' | 'region' | 'resource']?: {
    readonly value: Key extends 'service' ? ServiceName : string
    readonly variable: string
    /** Why the variable's value is none: then `value` is ''. */
    readonly fault?: PaudeError
  }
}

/** A program of the agent's that prints an address, takes the code from its page, and prints a token. What it prints is read as plain text. */
export type TokenLogin = {
  readonly argv: Argv
  /** All that it may reach. */
  readonly hosts: readonly string[]
  /** An address that you may be sent to: one of these hosts and this path, and back to one of `hosts`. */
  readonly page: { readonly hosts: readonly string[]; readonly path: RegExp }
  /** What the page shows to be pasted; the program says nothing that can be read of anything else. */
  readonly code: RegExp
  /** Why a code was not taken, after which Enter begins again; group 1 is the reason. */
  readonly refused: RegExp
  readonly token: RegExp
  readonly key: Key
}

/** Stands among the words of a copy for the file of what is copied, which only the box can name. */
export const ORIGIN_FILE = 'file-of-the-conversation'

export type Conversation = {
  /** Id that your words name, or ''. */
  readonly chosen: (words: readonly string[]) => string
  /** Words that begin one with this id; null where the agent chooses the id and its hook tells it. */
  readonly begin: ((id: string) => readonly string[]) | null
  /** Words that go on with one. */
  readonly again: (id: string) => readonly string[]
  /** Words that copy one into a new one with this id, `words` being your own, and ORIGIN_FILE for its file; null where it cannot. */
  readonly fork: ((conversation: string, id: string, words: readonly string[]) => readonly string[]) | null
  /** Pattern of sh below HOME, with {id}, or {begin} for what it has before its first dash: where a file is, `again` will find the conversation. */
  readonly proof: string
  /** Files and folders of one, below HOME: {id}, and {folder} for what `folder` makes of the directory that it was begun in. None where their names cannot be told, so that no backup is made. */
  readonly files: readonly string[]
  /** null for a directory of which it cannot be told. */
  readonly folder: (directory: string) => string | null
}

/** How it tells what it does. */
export type Signals = {
  /** Modes that it sets on every terminal it draws on: a holder that comes later did not see that. */
  readonly modes: string
  /** Signs by which its title tells what it does; none where it tells that another way. */
  readonly titleSigns: TitleSigns
  /** Whether nobody can tell what it does. */
  readonly silent: boolean
  /** Types of notifications by which it asks for a permission. */
  readonly asks: readonly string[]
  /** What it keeps on file of its own state: `argv` prints it in the box, `read` tells what it adds to what is known; null when it keeps none. */
  readonly ownFile: {
    readonly argv: readonly string[]
    readonly read: (before: AgentState, text: string) => Said | null
  } | null
  /** Reads what its hooks were told. */
  readonly hook: HookReader
}

/** How a session's conversation begins. */
export type Opening = {
  /** Id paude or the user's words gave it; '' when the agent chooses one itself. */
  readonly conversation: string
  /** Whether a later start goes on with it. */
  readonly continues: boolean
  /** Folder in which its hook notes the conversation (default: that of a box). */
  readonly out?: string
  /** Words that a copy of your own set-up needs; they stand before yours. */
  readonly more?: readonly string[]
  /** The conversation that is copied, and the session it belongs to. */
  readonly origin?: { readonly conversation: string; readonly session: string } | undefined
}

/** A path as an option's value, as it was typed; `written` when the agent makes it. */
export type NamedPath = { readonly option: string; readonly path: string; readonly written: boolean }
