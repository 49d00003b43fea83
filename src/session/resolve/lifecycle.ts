import type { LifecycleStep } from '../../box/lifecycle-step.ts'
import { pieces } from '../../config/keys/placeholders.ts'
import { commandLine, quote } from '../../plan/shell.ts'

/** File of out/ that is not empty once the session's first commands are done. */
export const CREATED = 'created'

/**
 * What the entry script runs behind the wall, before the agent. stdout is the agent's answer, so all that is said goes to stderr;
 * stdin is the agent's too.
 */
export function lifecycleScript(steps: readonly LifecycleStep[]): string {
  const runs = steps.flatMap((step) => (step.kind === 'run' ? [step] : []))
  const stages = [...new Set(runs.map(({ stage }) => stage))].map((stage) => runs.filter((run) => run.stage === stage))
  const [once, always] = [stages.filter(([run]) => run?.once), stages.filter(([run]) => !run?.once)]
  return [
    ...steps.flatMap((step) => (step.kind === 'export' ? [exportLine(step)] : [])),
    ...(once.length === 0
      ? []
      : [`if [ ! -s /paude/out/${CREATED} ]; then`, ...once.flatMap(stageLines), `echo done >/paude/out/${CREATED}`, 'fi']),
    ...always.flatMap(stageLines),
    '',
  ].join('\n')
}

type Run = Extract<LifecycleStep, { kind: 'run' }>

/** Started in the background and waited for: a shell that waits hears signals, one that runs a command does not. */
const stageLines = (runs: readonly Run[]): readonly string[] => [
  ...runs.flatMap((run, at) => [`echo ${quote(`paude: ${nameOf(run)}`)} >&2`, `${startLine(run)} & p${at}=$!`]),
  ...runs.map((run, at) => `wait "$p${at}" || fail ${quote(nameOf(run))}" ended with exit code $?"`),
]

function startLine({ folder, command }: Run): string {
  const argv = typeof command === 'string' ? ['/bin/sh', '-c', command] : command
  return `(cd -- ${quote(folder)} && exec ${commandLine(argv)}) </dev/null >&2`
}

const nameOf = ({ stage, name }: Run): string => (name === '' ? stage : `${stage}.${name}`)

/** No word of an assignment is split. */
function exportLine({ name, value }: Extract<LifecycleStep, { kind: 'export' }>): string {
  const words = pieces(value, []).map((piece) => {
    if (piece.kind === 'containerEnv') return `\${${piece.name}:-${quote(piece.fallback ?? '')}}`
    return piece.kind === 'text' ? quote(piece.text) : ''
  })
  return `${name}=${words.join('')}\nexport ${name}`
}
