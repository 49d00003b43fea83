import type { Capabilities } from '../box/can.ts'
import type { Handle, Listed, Part, State } from '../box/handle.ts'
import type { SessionSpec } from '../box/spec.ts'
import type { PaudeError } from '../errors.ts'
import type { Argv, Plan } from '../plan/plan.ts'
import type { Query } from '../plan/query.ts'
import type { Secret } from '../secret.ts'

/** One way to run a box. Pure functions that return plans and queries; nothing here looks or acts. */
export type Backend = {
  readonly name: string
  /** The program that is called; found in PATH. */
  readonly program: string
  readonly can: Capabilities
  /** Makes gate, proxy and agent and starts the agent: on our streams, or by itself. */
  readonly start: (
    spec: SessionSpec,
    options: { readonly attached: boolean; readonly timeout?: number; readonly rescue?: Plan },
  ) => Plan
  /** Starts a stopped session again; the agent continues its conversation. */
  readonly resume: (session: Handle, options: { readonly attached: boolean; readonly credential: Secret | null }) => Plan
  readonly attach: (session: Handle) => Plan
  /** The engine's client that gives a holder the agent's terminal: starting the made agent, or joining a running one. */
  readonly terminal: (session: Pick<Handle, 'id'>, starts: boolean) => Argv
  readonly stop: (session: Handle, graceSeconds: number) => Plan
  /** Takes away everything the session consists of; never fails because a part is gone. */
  readonly remove: (session: Handle, options: { readonly volumes: boolean }) => Plan
  /** Runs a further command in a running session. */
  readonly exec: (
    session: Handle,
    words: readonly string[],
    streams: { readonly terminal: boolean; readonly stdin: boolean },
  ) => Plan
  /** Prints what a command says inside a running session. */
  readonly inside: (session: Pick<Handle, 'id'>, words: readonly string[]) => Argv
  /** A program whose stdin and stdout are a connection to a port of the box's loopback; `name` is what it is ended by. */
  readonly forward: (session: Pick<Handle, 'id'>, to: { readonly port: number; readonly name: string }) => Argv
  /** Ends all of a name when its own stdin ends, however that comes. */
  readonly leash: (session: Pick<Handle, 'id'>, name: string) => Argv
  /** A container that stands where a proxy of this image would. Prints its hosts file, and ends when its own stdin ends. */
  readonly neighbour: (image: string) => Argv
  readonly list: Query<readonly Listed[]>
  /** Everything that bears our label, whatever its role: for orphans. */
  readonly parts: Query<readonly Part[]>
  readonly volumes: Query<readonly Part[]>
  readonly state: (session: Handle) => Query<State>
  /** Lasts until the agent ends, and prints its exit code. */
  readonly wait: (session: Handle) => Argv
  readonly logs: (session: Handle, options: { readonly follow: boolean }) => Argv
  /** The proxy's request log. */
  readonly requests: (session: Handle, options: { readonly follow: boolean }) => Argv
  /** Has the proxy take up a policy that lies in its folder, or refuse it; `stages` as `stageLines` writes them. */
  readonly changePolicy: (session: Handle, stages: string) => Plan
  /** What the gate's canaries found. */
  readonly receipt: (session: Handle) => Argv
  readonly version: Query<Engine>
  readonly explain: (failure: { readonly argv: Argv; readonly code: number; readonly stderr: string }) => PaudeError
}

export type Engine = {
  readonly version: string
  readonly client: string
  readonly rootless: boolean
  readonly architecture: string
  /** What starts its containers, like `runc 1.2.8`; '' when it does not say. */
  readonly runtime: string
}
