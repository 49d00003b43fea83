import { type Backend, type Inside, need } from '../../backends/backend.ts'
import { variableFlags } from '../../backends/environment-flags.ts'
import { isolates } from '../../backends/pick.ts'
import type { Handle } from '../../box/handle.ts'
import { PaudeError } from '../../errors.ts'
import { type Attach, exec, type Plan } from '../../plan/plan.ts'
import { quote } from '../../plan/shell.ts'
import { type Secret, secret } from '../../secret.ts'
import limit from './limit.sh' with { type: 'text' }

/** How a further command runs. */
export type Command = {
  readonly terminal: boolean
  readonly stdin: boolean
  /** Below the session's directory, or an absolute path; absent for that directory. */
  readonly folder?: string
  /** On top of the variables of the sandbox. */
  readonly variables?: Variables
  /** Seconds until it is ended in the sandbox; 0 for no limit. */
  readonly seconds?: number
}

type Variables = Readonly<Record<string, Secret>>

/** Runs a further command in a running session, on our streams. */
export function execPlan(
  backend: Backend,
  box: Handle,
  words: readonly string[],
  { folder = '', variables = {}, seconds = 0, ...streams }: Command,
): Plan {
  if (!isolates(backend))
    throw new PaudeError('unsupported', `session ${box.id} runs on this machine, so there is no sandbox to run a command in`, {
      hint: 'run it in your own shell',
    })
  const inside = need(backend, 'inside')
  const { before, first, flags, env } = brought(inside, box, variables)
  const inBox = [
    ...(seconds === 0 ? [] : ['sh', '-c', limit, 'sh', String(seconds), String(GRACE)]),
    ...first,
    // Gone to in the box: each backend has other words for a folder that is not there.
    ...(folder === '' ? [] : ['sh', '-c', GO_FIRST, 'sh', folder]),
    ...FOUND_FIRST,
    ...words,
  ]
  const argv = inside.exec(box, inBox, { part: 'agent', folder: box.directory, variables: flags, ...streams })
  return [...before, { kind: 'attach', argv, env, ...streams, ...noiseOf(inside) }]
}

/** Seconds between TERM and KILL. */
const GRACE = 10

const GO_FIRST =
  'unset CDPATH; cd -- "$1" >/dev/null 2>&1 || { echo "paude: there is no folder $1 in the sandbox" >&2; exit 125; }; shift; exec "$@"'

/** With the PATH of the agent. A backend's own answer to a program that is not there may be 126 and a line about its runtime. */
const FOUND_FIRST = [
  'sh',
  '-c',
  '[ ! -d /paude/bin ] || [ -z "$(command -v git)" ] || export PATH="/paude/bin:$PATH"; case $1 in */*) ;; *) command -v "$1" >/dev/null || { printf "%s\\n" "paude: $1 was not found in the sandbox" "  → paude init, or add its Debian package to image.packages" >&2; exit 127; } ;; esac; exec "$@"',
  'sh',
]

/** How variables come to a command without being in argv: steps before it, words in front of it, flags and environment of the client. */
type Brought = {
  readonly before: Plan
  readonly first: readonly string[]
  readonly flags: readonly string[]
  readonly env: Variables
}

function brought(inside: Inside, box: Handle, variables: Variables): Brought {
  if (inside.variables === 'by-client') return { before: [], first: [], ...variableFlags(variables) }
  const named = Object.entries(variables)
  if (named.length === 0) return { before: [], first: [], flags: [], env: {} }
  const file = `/tmp/.paude-env-${crypto.randomUUID()}`
  const lines = named.map(([name, value]) => `export ${name}=${quote(value.reveal())}\n`).join('')
  const within = (...words: readonly string[]) =>
    inside.exec(box, words, { part: 'agent', terminal: false, stdin: true, folder: '' })
  return {
    before: [
      exec(within('sh', '-c', 'umask 077; set -C; cat >"$1"', 'sh', file), {
        stdin: secret(lines),
        undo: within('rm', '-f', file),
      }),
    ],
    first: ['sh', '-c', '. "$1"; rm -f "$1"; shift; exec "$@"', 'sh', file],
    flags: [],
    env: {},
  }
}

/** What a backend's client says behind the last word of a program, for a step that hands the streams over. */
export const noiseOf = (inside: Inside | null): Pick<Attach, 'noise'> =>
  typeof inside?.noise === 'string' ? { noise: inside.noise } : {}
