import type { Occasion } from './change.ts'

/** How the user wants to be told, as config.toml says it. No channel means not at all. */
export type NotifySettings = {
  readonly on: readonly Occasion[]
  /** Seconds between two messages of one kind about one session. */
  readonly every: number
  /** Seconds after the last key for which somebody attached needs no message. */
  readonly active: number
  readonly desktop: boolean
  readonly terminal: readonly TerminalWay[]
  /** Program and words; empty for none. Its stdin is the message as JSON. */
  readonly command: readonly string[]
  readonly webhook: Webhook | null
}

export const terminalWays = ['osc9', 'osc777', 'bell'] as const
export type TerminalWay = (typeof terminalWays)[number]

export type Webhook = {
  readonly url: string
  /** `env:NAME` or `file:PATH`; '' for none. */
  readonly token: string
  /** Seconds for one try. */
  readonly timeout: number
}

export const SILENT: NotifySettings = {
  on: ['waiting', 'done', 'error', 'finding'],
  every: 10,
  active: 30,
  desktop: false,
  terminal: [],
  command: [],
  webhook: null,
}

export const channels = ['desktop', 'terminal', 'command', 'webhook'] as const
export type Channel = (typeof channels)[number]

/** The channels that are set up, in the order in which they are used. */
export const channelsOf = ({ desktop, terminal, command, webhook }: NotifySettings): readonly Channel[] =>
  channels.filter(
    (name) => ({ desktop, terminal: terminal.length > 0, command: command.length > 0, webhook: webhook !== null })[name],
  )
