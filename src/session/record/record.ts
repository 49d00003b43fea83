import * as v from 'valibot'
import { keepable } from '../../agents/imports.ts'
import { backendNames } from '../../backends/names.ts'
import type { Handle } from '../../box/handle.ts'
import { HARDENED } from '../../box/security.ts'
import { providerNames } from '../../credentials/providers.ts'
import { serviceNames } from '../../credentials/services.ts'
import { isObjectName, isRefName } from '../../workspace/ref-name.ts'

const WatchedIndex = v.nullable(v.object({ path: v.string(), mark: v.string(), hash: v.optional(v.picklist([20, 32]), 20) }))

const words = v.pipe(v.array(v.string()), v.readonly())
const changes = v.array(v.object({ verb: v.picklist(['allow', 'deny']), entry: v.string(), until: v.number() }))
const table = v.pipe(v.record(v.string(), v.string()), v.readonly())

/** Text of session.json. A long allowlist is one line: on three lines an entry it would take twice the time and the room. */
export const recordText = (record: SessionRecord): string =>
  `${record.allow.length > LONG ? JSON.stringify(record) : JSON.stringify(record, null, 2)}\n`

/** Entries. */
const LONG = 500

/** session.json: what later commands need to know of a session without asking an engine. No secret. */
const Shape = v.object({
  v: v.literal(3),
  id: v.string(),
  name: v.string(),
  backend: v.picklist(backendNames),
  agent: v.string(),
  version: v.string(),
  created: v.string(),
  /** Process that starts it: as long as it lives, missing parts are on their way, or on their way out. */
  starter: v.fallback(v.string(), ''),
  workspace: v.string(),
  directory: v.string(),
  network: v.picklist(['restricted', 'ask', 'open', 'none', 'record']),
  allow: v.array(
    v.object({
      host: v.string(),
      ports: v.array(v.number()),
      privateRange: v.string(),
      plain: v.exactOptional(v.literal(true)),
      why: v.string(),
    }),
  ),
  deny: v.optional(v.array(v.object({ host: v.string(), ports: v.array(v.number()), why: v.string() })), []),
  /** Of what is allowed without one. */
  ports: v.optional(v.array(v.number()), [80, 443]),
  injections: v.array(
    v.object({
      // They become lines of squid.conf.
      host: v.pipe(v.string(), v.regex(/^[!-~]+$/)),
      port: v.number(),
      scheme: v.picklist(['https', 'http']),
      way: v.picklist(['bump', 'base-url']),
      header: v.pipe(v.string(), v.regex(/^([A-Za-z][A-Za-z0-9-]*)?$/)),
      lead: v.pipe(v.string(), v.regex(/^[A-Za-z]*$/)),
      prefix: v.pipe(v.string(), v.regex(/^[!-~]*$/)),
      api: v.pipe(v.string(), v.regex(/^[!-~]+$/)),
      methods: v.exactOptional(v.pipe(v.array(v.pipe(v.string(), v.regex(/^[A-Z]+$/))), v.readonly())),
      bound: v.exactOptional(
        v.object({
          methods: v.pipe(v.array(v.pipe(v.string(), v.regex(/^[A-Z]+$/))), v.readonly()),
          never: v.exactOptional(v.pipe(v.string(), v.regex(/^[!-~]+$/))),
          query: v.exactOptional(v.pipe(v.string(), v.regex(/^[A-Za-z][A-Za-z0-9_.-]*$/))),
          placeholder: v.pipe(v.string(), v.regex(/^[\w.-]{16,}$/)),
        }),
      ),
    }),
  ),
  ways: v.optional(
    v.object({
      upstream: v.nullable(
        v.object({
          scheme: v.picklist(['http', 'https']),
          host: v.string(),
          port: v.number(),
          except: v.array(v.string()),
          credentials: v.string(),
        }),
      ),
      dns: v.array(v.string()),
      ip: v.optional(v.picklist(['any', 'ipv4']), 'any'),
      bandwidth: v.number(),
    }),
    { upstream: null, dns: [], ip: 'any', bandwidth: 0 },
  ),
  /** Of the policy when this was written; '' in records of a paude that could not change it. */
  revision: v.optional(v.string(), ''),
  /** What was said to it since the start. */
  changes: v.optional(changes, []),
  /** The `changes` before each later one, the newest first: what was asked for then is explained by them. */
  earlier: v.exactOptional(v.array(changes)),
  /** False from before the proxy hears of a change until it has taken it up: what is not settled may hold or not. */
  settled: v.optional(v.boolean(), true),
  /** Of its box; absent in records of an older paude. */
  image: v.exactOptional(v.string()),
  /** Of its box, 0 for none: cores, bytes and processes. */
  limits: v.exactOptional(v.object({ cpus: v.number(), memory: v.number(), pids: v.number() })),
  terminal: v.boolean(),
  /** Options of its agent that hold for a later conversation, as you typed them: they go where the session goes. */
  words: v.exactOptional(words),
  /** Id of the conversation as it was known at the start; '' when the agent chose. What became of it is in out/. */
  conversation: v.optional(v.fallback(v.string(), ''), ''),
  /** Its hooks tell what its agent does, where nothing else does. */
  reports: v.exactOptional(v.literal(true)),
  homeVolume: v.string(),
  link: v.picklist(['none', 'folder', 'volume', 'service', 'gate']),
  /** Where it is, for a session on a cluster. */
  cluster: v.exactOptional(v.object({ context: v.string(), namespace: v.string() })),
  /** Where it is, for a session on an engine of another machine. */
  remote: v.exactOptional(
    v.object({
      name: v.string(),
      at: v.string(),
      identity: v.optional(v.string()),
      engine: v.exactOptional(v.string()),
      volumes: v.string(),
      helper: v.string(),
    }),
  ),
  /** Service account of the cluster whose token the agent has. */
  account: v.exactOptional(v.string()),
  /** Whose its objects there are, as their label says; absent in records of an older paude. */
  mark: v.exactOptional(v.string()),
  /** File that is the first program of its box; '' where an older paude made it. */
  init: v.optional(v.string(), ''),
  /** What was mounted where: checked again before the session starts again. */
  mounts: v.optional(
    v.array(
      v.object({
        source: v.string(),
        target: v.string(),
        /** Absent in records of an older paude. */
        readOnly: v.exactOptional(v.boolean()),
      }),
    ),
    [],
  ),
  /** Files of the project in whose place the box has copies that it may write. */
  copies: v.optional(v.array(v.string()), []),
  /** Files and folders of the project in whose place the box writes to a copy: the agents' configuration. */
  shadows: v.optional(v.array(v.string()), []),
  /** What was put where the box could plant something, or over sockets: it is made again when it is gone at a start. */
  standIns: v.optional(
    v.array(
      v.object({
        kind: v.picklist(['hooks', 'config.worktree', 'commondir', 'socket', 'overlay', 'shadow']),
        path: v.string(),
        target: v.string(),
      }),
    ),
    [],
  ),
  /** Folders of the project in whose place the box has volumes. */
  overlays: v.optional(v.array(v.object({ path: v.string(), volume: v.string() })), []),
  /** How the paths that this machine may act on looked at the start. */
  watch: v.optional(v.record(v.string(), v.string()), {}),
  /** What follows when it left something that this machine may run. */
  onFinding: v.optional(v.picklist(['revert', 'ask', 'warn']), 'ask'),
  /** What follows while it runs. */
  alarm: v.optional(v.picklist(['pause', 'tell', 'off']), 'pause'),
  /** Whether the agents' configuration in the project is theirs to write. */
  writesConfig: v.optional(v.boolean(), false),
  /** The project's git index, how it looked, and bytes of the names of its objects; null without one. */
  index: v.optional(WatchedIndex, null),
  /** Further repositories at their own paths; the index of one that the box can write is looked at as the project's. */
  repos: v.optional(v.array(v.object({ root: v.string(), readOnly: v.boolean(), index: WatchedIndex })), []),
  /** By which rules a copy of the user's own set-up comes in; absent where none does. */
  imported: v.exactOptional(
    v.object({ keep: v.array(v.picklist(keepable)), allow: v.array(v.string()), deny: v.array(v.string()) }),
  ),
  /** What the project would like to have outside: paude forward takes them when no port is named. */
  forwardPorts: v.exactOptional(v.array(v.number())),
  /** Where the workspace is a volume of the session and not your folder. */
  volume: v.exactOptional(
    v.object({
      name: v.string(),
      root: v.string(),
      image: v.string(),
      uid: v.number(),
      gid: v.number(),
      selinux: v.boolean(),
    }),
  ),
  /** Where the clone in that volume began. */
  clone: v.exactOptional(
    v.object({ base: v.pipe(v.string(), v.check(isObjectName)), branch: v.pipe(v.string(), v.check(isRefName)) }),
  ),
  /** The linked working tree that was made for it: `workspace` is its folder. */
  worktree: v.exactOptional(
    v.object({
      /** Where the start was: the HOME volume is of that. */
      project: v.string(),
      /** The git directory that it is of, and its name in `worktrees` there. */
      repository: v.string(),
      name: v.string(),
      branch: v.pipe(v.string(), v.check(isRefName)),
      base: v.pipe(v.string(), v.check(isObjectName)),
      /** Whether the branch was made with it. */
      isNew: v.boolean(),
    }),
  ),
  /** What of the hardening holds in its box. */
  security: v.optional(
    v.object({ readOnlyRoot: v.boolean(), noNewPrivileges: v.boolean(), seccomp: v.picklist(['default', 'engine', 'off']) }),
    HARDENED,
  ),
  /** The agent, where it is data. */
  recipe: v.exactOptional(
    v.object({
      name: v.string(),
      command: words,
      install: v.object({ apt: words, npm: v.string(), program: v.string(), pip: v.string(), script: v.string() }),
      version: v.string(),
      provider: v.picklist(['none', ...providerNames]),
      env: table,
      hosts: words,
      configFiles: table,
      resume: words,
      interactive: v.boolean(),
      prints: words,
      state: v.string(),
      args: words,
    }),
  ),
  /** The cloud that its agent's models come from; absent where they come from its own provider. */
  service: v.exactOptional(v.object({ name: v.picklist(serviceNames), region: v.string(), resource: v.string() })),
  /** Names of the caller's variables that the configuration called secrets: nothing that is started for it later inherits them. */
  secrets: v.exactOptional(v.array(v.string())),
  /** What was injected at the start, in the order of `injections`: the proxy needs it again after a stop. */
  credentials: v.array(
    v.object({
      variable: v.string(),
      /** Where the configuration said that it is; absent where only the environment had it. */
      source: v.exactOptional(
        v.union([
          v.string(),
          v.object({ command: v.pipe(v.array(v.string()), v.readonly()), every: v.optional(v.number()) }),
          v.object({ keychain: v.string() }),
          v.object({ codex: v.string(), part: v.picklist(['token', 'account']) }),
        ]),
      ),
      /** Of a credential for a host of the user's choice: its name, its kind, and the name of a basic login. */
      bound: v.exactOptional(v.object({ name: v.string(), kind: v.string(), user: v.string() })),
    }),
  ),
})

export const SessionRecord = v.pipe(
  Shape,
  v.check(({ network, injections, credentials }) => network === 'none' || injections.length === credentials.length),
)
export type SessionRecord = v.InferOutput<typeof SessionRecord>
export type Worktree = NonNullable<SessionRecord['worktree']>

/** The record as a backend needs it. */
export const handleOf = (
  { id, agent, terminal, link, homeVolume, directory, volume, overlays, cluster, remote, account, mark }: SessionRecord,
  folder: string,
): Handle => ({
  id,
  agent,
  folder,
  terminal,
  link,
  homeVolume,
  directory,
  overlays: overlays.map((one) => one.volume),
  ...(volume === undefined ? {} : { volume }),
  ...(cluster === undefined ? {} : { cluster }),
  ...(remote === undefined ? {} : { remote }),
  ...(account === undefined ? {} : { account }),
  ...(mark === undefined ? {} : { mark }),
})

/** How a session has its workspace. */
export const modeOf = ({
  volume,
  clone,
  worktree,
}: Pick<SessionRecord, 'volume' | 'clone' | 'worktree'>): 'bind' | 'worktree' | 'clone' | 'none' =>
  volume === undefined ? (worktree === undefined ? 'bind' : 'worktree') : clone === undefined ? 'none' : 'clone'
