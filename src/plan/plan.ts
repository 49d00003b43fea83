import type { Secret } from '../secret.ts'

/** A program and its words, never a shell line. */
export type Argv = readonly [program: string, ...words: string[]]

/** Everything paude will do, in order. It is run, printed by --dry-run and compared by the tests: one value. */
export type Plan = readonly Step[]

export type Step =
  | Folder
  | Remove
  | Write
  | Copy
  | Place
  | CopyTree
  | CopyContext
  | Gather
  | Snapshot
  | LayFeatures
  | Exec
  | Pipe
  | Until
  | Attach
  | Hold
  | Together
  | Guard
  | Later

/** Makes a folder with its parents (mode 0700 unless told); taken back with all it holds. */
export type Folder = { readonly kind: 'folder'; readonly path: string; readonly mode?: number }

/** Removes a folder with all it holds, also while a process that is ending still writes there. Gone already is well. */
export type Remove = {
  readonly kind: 'remove'
  readonly path: string
  /** Runs before; its failure is of no interest. */
  readonly first?: Argv
}

/** Writes a whole file atomically. Never a secret: files outlive the process. */
export type Write = { readonly kind: 'write'; readonly path: string; readonly content: string; readonly mode: number }

/**
 * Writes what was read of a file of this machine when the plan was made: whoever writes where it is may have put a link there since.
 * It may hold what nobody should read over a shoulder, so a plan that is printed names the file alone.
 */
export type Copy = { readonly kind: 'copy'; readonly from: string; readonly to: string; readonly content: Secret }

/** Makes small files, and folders where the content is null, where nothing is. No link on the way is followed. */
export type Place = {
  readonly kind: 'place'
  readonly things: readonly {
    readonly path: string
    readonly content: string | null
    /** It must be new, and is taken back with all it holds: what is there already is somebody else's. */
    readonly own?: true
  }[]
  readonly undo?: Argv
}

/** Writes what was read of a file or folder of this machine when the plan was made to `to`, for a box, and as one file to `to.was`, which says how it began. */
export type CopyTree = {
  readonly kind: 'copy-tree'
  readonly from: string
  readonly to: string
  readonly leaves: readonly {
    /** Below `from`; '' for itself. Each folder stands before what is in it. */
    readonly path: string
    readonly kind: 'folder' | 'file' | 'link'
    readonly mode: number
    /** Of a file, each byte one character; where a link leads. */
    readonly content: Secret
  }[]
}

/**
 * Copies the context of a build, following no link; `to` is not there yet. When what was copied has another hash than what was
 * approved (null when nothing was), the plan ends with `hint`.
 */
export type CopyContext = {
  readonly kind: 'copy-context'
  readonly from: string
  readonly to: string
  readonly approved: string | null
  readonly hint: string
}

/**
 * Brings a copy of the user's own files up to date: `name` in `store`, which is there already when nothing has changed. `texts` are made.
 * Copies that no session of the folder `users` names go.
 */
export type Gather = {
  readonly kind: 'gather'
  readonly store: string
  readonly name: string
  readonly files: readonly OwnFile[]
  readonly texts: Readonly<Record<string, string>>
  readonly users: string
}

/**
 * Makes in a folder what a clone gets of what is not committed: a tar of the files as they are (`tree.tar`), and beside it what `find`
 * makes of the texts. No link is followed. `changed` are files that differ from the index, and `find` lists those that it does not have.
 */
export type Snapshot = {
  readonly kind: 'snapshot'
  readonly root: string
  readonly folder: string
  readonly find: Argv
  /** File that gets what is in the tar, so that it can be told later whether the folder still has it. */
  readonly list: string
  readonly uncommitted: Uncommitted
}

/** What a working tree has besides a commit, as far as its index tells. Files that it does not know are found by paude's own git. */
export type Uncommitted = {
  /** The index as lines that `git update-index --index-info` reads, without repositories within. */
  readonly files: string
  /** The same of repositories within, such as submodules. */
  readonly repositories: string
  /** Those of them that are there with git data of their own: no git of paude's looks into them. */
  readonly within: readonly string[]
  /** Names of the objects in it, a line each. */
  readonly objects: string
  /** Tracked files that differ from the index, or are gone. */
  readonly changed: readonly string[]
  /** Patterns of what counts as ignored besides those in the tree. */
  readonly excludes: string
  /** Changed files whose names are no UTF-8: they come as the index has them. */
  readonly unreadable: readonly string[]
}

/** A file of the user's: its place in the copy, where it really lies, and how it looked. */
export type OwnFile = {
  readonly path: string
  readonly source: string
  /** Device, inode, size and time of the last change. */
  readonly mark: string
  readonly executable: boolean
}

/** Something that is installed on an image: a folder with an install.sh, published in a registry or lying on this machine. */
export type Feature = {
  /** As the file that wants it writes it. */
  readonly name: string
  readonly options: Readonly<Record<string, string>>
  /** Where it lies; '' for one that is published. */
  readonly folder: string
  /** `sha256:` and so on, of the manifest that a lock file names; '' for whatever its version is now. */
  readonly digest: string
}

/** Fetches what is published of these, and what they depend on, and lays all out in `to` with the Dockerfile that installs them on `base`. */
export type LayFeatures = {
  readonly kind: 'lay-features'
  readonly features: readonly Feature[]
  readonly base: string
  /** For whom they install; root where the image has no such user. */
  readonly user: string
  readonly to: string
  readonly title: string
}

/** Runs one program to its end. */
export type Exec = {
  readonly kind: 'exec'
  readonly argv: Argv
  /** What a person is told while it runs; absent means it is too short to mention. */
  readonly title?: string
  /** A probe: when it succeeds the step is not needed. */
  readonly unless?: Argv
  /** How to take the step back when a later one fails. */
  readonly undo?: Argv
  /** Prints the log of the part that the step speaks to: when the step fails, the part may have died and said why. */
  readonly log?: Argv
  readonly stdin?: string | Secret
  /** Folder in which the part may listen by itself: then it is told `stdin` there, without the engine. */
  readonly call?: string
  /** Extra environment; secrets travel here by name, never in argv. */
  readonly env?: Readonly<Record<string, string | Secret>>
  /** It gets your own environment, since an agent without a box comes of it: other programs do not get the credentials there. */
  readonly yours?: true
  readonly folder?: string
  /** Steps that make a second try succeed when an image was missing: cheaper than asking before every start. */
  readonly rescue?: Plan
  /** Seconds that it takes by itself, as to let a program end. */
  readonly takes?: number
  /** Seconds after which it is ended and has failed. */
  readonly most?: number
  /** Failure is of no interest, as in a clean-up of what may be gone. */
  readonly tolerant?: boolean
  /** Prints what the step should have taken away: while it prints something a failure is tried again, and at last counts. */
  readonly left?: Argv
}

/** One program's stdout into another's stdin, such as a tree into a box. It fails when either of them does. */
export type Pipe = {
  readonly kind: 'pipe'
  readonly from: Argv
  readonly to: Argv
  /** What a person is told while it runs. */
  readonly title?: string
  /** File that gets what `to` prints. */
  readonly printed?: string
  /** How to take back what `to` made. */
  readonly undo?: Argv
}

/**
 * Asks again and again until the answer matches. All of it is data, so that it can be printed as shell: the patterns are
 * extended regular expressions (grep -E) that JavaScript reads in the same way.
 */
export type Until = {
  readonly kind: 'until'
  readonly ask: Argv
  /** Pattern of the stdout of an ask that ended with 0. */
  readonly ready: string
  /** Answers after which waiting is useless, such as an image that cannot be pulled; without a message the answer explains itself. */
  readonly never?: { readonly pattern: string; readonly message?: string; readonly hint?: string }
  /** Asked when it fails: what it prints is explained in place of the answer. */
  readonly why?: Argv
  /** Prints the log of the part that is awaited: when the step fails, it may have said why. */
  readonly log?: Argv
  /** What is awaited, for the person and for the error: "the pod is ready". */
  readonly title: string
  /** Seconds between two asks. */
  readonly every: number
  /** Seconds until the step fails. */
  readonly most: number
  /** What follows does not need it: after `most` seconds the plan goes on. */
  readonly tolerant?: true
}

/** Hands the caller's streams over; its exit code is the plan's. Always the last step. */
export type Attach = {
  readonly kind: 'attach'
  readonly argv: Argv
  /** As for Exec. */
  readonly env?: NonNullable<Exec['env']>
  /** The agent's terminal: signals and size are the terminal's business. Else paude forwards signals itself. */
  readonly terminal: boolean
  /** Whether our stdin is the agent's. */
  readonly stdin: boolean
  /** Pattern of what the client says on stderr after the program: nobody asked for it. */
  readonly noise?: string
  /** Succeeds once the agent's box can be signalled, and changes nothing. */
  readonly alive?: Argv
  /** Run for SIGINT while there is no terminal. */
  readonly interrupt?: Argv
  /** Run for SIGTERM, and for SIGHUP when there is no terminal. */
  readonly terminate?: Argv
  /** Seconds until `terminate` runs by itself and the exit code is 124. */
  readonly timeout?: number
  readonly keeps?: Keeps
}

/** From here on no step is taken back, whatever fails: the agent may have made something that is nowhere else. */
type Keeps = true

/**
 * Gives the agent a terminal that outlives ours: a process of its own, the holder, runs `argv` there.
 * Attached, our terminal shows it and the agent's exit code is the plan's. Always the last step.
 */
export type Hold = {
  readonly kind: 'hold'
  /** The session. */
  readonly id: string
  /** What runs in it. */
  readonly agent: string
  /** Its folder on the host. */
  readonly folder: string
  /** The engine's client, as the holder will run it. */
  readonly argv: Argv
  /** Whether `argv` starts the agent; else it runs already. */
  readonly starts: boolean
  readonly attached: boolean
  /** Run for SIGTERM. */
  readonly terminate: Argv
  /** Seconds until `terminate` runs by itself and the exit code is 124. */
  readonly timeout?: number
  readonly keeps?: Keeps
}

/**
 * Lanes that run side by side; each is in order. `rescue` as for Exec: the lanes are undone and tried once more.
 * The plan goes on when the lanes are done; a `trailing` lane may take longer, its failure ends what follows.
 */
export type Together = {
  readonly kind: 'together'
  readonly lanes: readonly Plan[]
  readonly trailing?: Plan
  readonly rescue?: Plan
}

/** Steps that are only needed while a probe fails. */
export type Guard = { readonly kind: 'guard'; readonly unless: Argv; readonly steps: Plan }

/** The steps that hand over to the agent: they stand last, and in no lane. */
export type Last = Attach | Hold
export const isLast = (step: Step): step is Last => step.kind === 'attach' || step.kind === 'hold'

/** How to take back what the next steps make by the way. Runs nothing now. */
export type Later = { readonly kind: 'later'; readonly undo: Argv }

export const later = (undo: Argv): Later => ({ kind: 'later', undo })
export const exec = (argv: Argv, rest: Omit<Exec, 'kind' | 'argv'> = {}): Exec => ({ kind: 'exec', argv, ...rest })
export const write = (path: string, content: string, mode = 0o600): Write => ({ kind: 'write', path, content, mode })
export const together = (
  lanes: readonly Plan[],
  { trailing, rescue }: { readonly trailing?: Plan; readonly rescue?: Plan | undefined } = {},
): Together => ({
  kind: 'together',
  lanes,
  ...(trailing === undefined ? {} : { trailing }),
  ...(rescue === undefined ? {} : { rescue }),
})
export const guard = (unless: Argv, steps: Plan): Guard => ({ kind: 'guard', unless, steps })
export const folder = (path: string, mode = 0o700): Folder => ({ kind: 'folder', path, mode })
export const remove = (path: string): Remove => ({ kind: 'remove', path })
export const removeAfter = (path: string, first: Argv): Remove => ({ kind: 'remove', path, first })

/** Variables as the environment of a program has them. */
export const revealed = (env: Readonly<Record<string, string | Secret>>): Record<string, string> =>
  Object.fromEntries(Object.entries(env).map(([name, value]) => [name, typeof value === 'string' ? value : value.reveal()]))
