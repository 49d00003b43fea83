import type { LifecycleStep } from '../../box/lifecycle-step.ts'
import { hashOf } from '../../config/files/hash.ts'
import { pieces } from '../../config/keys/placeholders.ts'
import type { Settings } from '../../config/keys/settings.ts'
import { commandLine, quote } from '../../plan/shell.ts'

/** File of the project's HOME that tells which first commands were done, and what commands in the background print. */
const DONE = '$HOME/.paude-created'
const LOG = '/tmp/devcontainer.log'

/** Seconds after which a command is said to be still running. */
const PATIENCE = 20

type Wish = Pick<Settings, 'devcontainerFailure' | 'image'> & { readonly lifecycle: readonly LifecycleStep[] }

/**
 * What the entry script runs behind the wall, before the agent or beside it. stdout is the agent's answer, so all that is said goes to
 * stderr; stdin is the agent's too. Commands of the first start are run once for a project: what they make lies in it or in its HOME.
 */
export function lifecycleScript({ lifecycle, devcontainerFailure, image }: Wish): string {
  const runs = lifecycle.flatMap((step) => (step.kind === 'run' ? [step] : []))
  const stages = [...new Set(runs.map(({ stage }) => stage))].map((stage) => runs.filter((run) => run.stage === stage))
  const once = stages.filter(([run]) => run?.once)
  const mark = hashOf(JSON.stringify([image, once])).slice(0, 16)
  const last = once.at(-1)
  const lines = (own: readonly (readonly Run[])[]) =>
    own.flatMap((stage) => [
      ...stageLines(stage),
      ...(stage === last ? [`[ "$going$done" != yes ] || { rm -rf "${DONE}" && echo ${mark} >"${DONE}"; }`] : []),
    ])
  const behind = stages.filter(([run]) => run?.background)
  return [
    ...lifecycle.flatMap((step) => (step.kind === 'run' ? [] : [step.kind === 'link' ? linkLine(step) : exportLine(step)])),
    ...(runs.length === 0 ? [] : beginning(once, { mark, devcontainerFailure })),
    ...lines(stages.filter(([run]) => !run?.background)),
    ...(behind.length === 0
      ? []
      : [
          'if [ "$going" = yes ]; then',
          `echo ${quote(`paude: ${behind.map(([run]) => run?.stage ?? '').join(' and ')} in the background, output in ${LOG}`)} >&2`,
          '(',
          ...lines(behind),
          `) </dev/null >${LOG} 2>&1 &`,
          'fi',
        ]),
    '',
  ].join('\n')
}

type Run = Extract<LifecycleStep, { kind: 'run' }>

/** What the lines below use. The file of what is done is the box's own: it may be a pipe or without an end. */
function beginning(
  once: readonly (readonly Run[])[],
  { mark, devcontainerFailure }: { readonly mark: string } & Pick<Wish, 'devcontainerFailure'>,
): readonly string[] {
  const names = once.map(([run]) => run?.stage ?? '').join(', ')
  return [
    'going=yes done= w=',
    devcontainerFailure === 'end'
      ? `failed() { kill "$w" 2>/dev/null; fail "$1 ended with exit code $2"; }`
      : `failed() { going=no; echo "paude: $1 ended with exit code $2, so the commands after it were not run; the agent starts anyway" >&2; }`,
    `patient() { (s=; trap 'kill "$s" 2>/dev/null; exit' TERM; sleep ${PATIENCE} >/dev/null 2>&1 & s=$!; wait "$s" && echo "paude: $1 is still running after ${PATIENCE} s, and the agent waits for it") </dev/null >&2 & }`,
    ...(once.length === 0
      ? []
      : [
          `if [ -f "${DONE}" ] && [ "$(head -c 64 "${DONE}")" = ${mark} ]; then`,
          'done=yes',
          `echo ${quote(`paude: ${names}: done before in this project; to run it again, remove ~/.paude-created in the sandbox`)} >&2`,
          'fi',
        ]),
  ]
}

/** Started in the background and waited for: a shell that waits hears signals, one that runs a command does not. */
const stageLines = (runs: readonly Run[]): readonly string[] => [
  `if [ "$going${runs[0]?.once ? '$done' : ''}" = yes ]; then`,
  ...runs.flatMap((run, at) => [`echo ${quote(`paude: ${nameOf(run)}`)} >&2`, `${startLine(run)} & p${at}=$!`]),
  ...(runs[0]?.background ? [] : [`patient ${quote(runs.map(nameOf).join(' or '))}; w=$!`]),
  ...runs.map((run, at) => `wait "$p${at}" || failed ${quote(nameOf(run))} $?`),
  ...(runs[0]?.background ? [] : ['kill "$w" 2>/dev/null']),
  'fi',
]

function startLine({ folder, command }: Run): string {
  const argv = typeof command === 'string' ? ['/bin/sh', '-c', command] : command
  return `(cd -- ${quote(folder)} && exec ${commandLine(argv)}) </dev/null >&2`
}

const nameOf = ({ stage, name }: Run): string => (name === '' ? stage : `${stage}.${name}`)

/** The place is a folder in memory, empty at each start. */
const linkLine = ({ name, folder }: Extract<LifecycleStep, { kind: 'link' }>): string =>
  `ln -s -- ${quote(folder)} ${quote(`/workspaces/${name}`)} 2>/dev/null`

/** No word of an assignment is split. */
function exportLine({ name, value }: Extract<LifecycleStep, { kind: 'export' }>): string {
  const words = pieces(value, []).map((piece) => {
    if (piece.kind === 'containerEnv') return `\${${piece.name}:-${quote(piece.fallback ?? '')}}`
    return piece.kind === 'text' ? quote(piece.text) : ''
  })
  return `${name}=${words.join('')}\nexport ${name}`
}
