import type { Agent, Opening } from '../../agents/agent.ts'
import type { Backend } from '../../backends/backend.ts'
import type { Network, SessionSpec } from '../../box/spec.ts'
import type { Config } from '../../config/keys/settings.ts'
import type { Credential } from '../../credentials/credential.ts'
import type { Host } from '../../host.ts'
import type { SessionRecord } from '../record/record.ts'
import type { Made } from '../worktree/make.ts'
import type { HostBound } from './host-credentials.ts'
import type { Streams } from './streams.ts'
import type { Surroundings } from './surroundings.ts'

/** Everything a start is decided from. */
export type Wish = {
  readonly host: Host
  readonly config: Config
  readonly backend: Backend
  readonly agent: Agent
  readonly around: Surroundings
  /** What is to run: words of the agent, or a whole command. */
  readonly run:
    | {
        readonly kind: 'agent'
        readonly words: readonly string[]
        /** Those of them that you typed; the others are of the configuration. */
        readonly typed?: readonly string[]
        readonly origin?: Opening['origin']
      }
    | { readonly kind: 'command'; readonly argv: readonly string[] }
  /** Credentials for hosts of the user's choice. */
  readonly bound: readonly HostBound[]
  readonly images: { readonly agent: string; readonly proxy: string; readonly init: string }
  readonly version: string
  /** The moment of the start. */
  readonly now: Date
  /** The working tree that was made for it; null where it works in what was there. */
  readonly made: Made | null
  /** What a session keeps whose box is made anew. */
  readonly again?: Again | undefined
}

/** What is of a session and not of its box: its conversation is the one that it is in. */
export type Again = Pick<SessionRecord, 'id' | 'name' | 'conversation' | 'directory' | 'homeVolume'> &
  Partial<Pick<SessionRecord, 'volume' | 'clone'>>

/** What both the record and the box are made of. */
export type Decided = {
  readonly id: string
  readonly name: string
  readonly credentials: readonly Credential[]
  readonly network: Network
  readonly streams: Streams
  readonly transport: SessionSpec['transport']
  readonly mounts: SessionSpec['mounts']
  readonly standIns: SessionSpec['standIns']
  readonly overlays: SessionSpec['overlays']
  readonly homeVolume: string
  readonly conversation: string
}
