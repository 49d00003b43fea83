import { DOTS, type Secret } from '../secret.ts'
import type { Argv, Attach, Exec, Plan, Step, Together } from './plan.ts'
import { quote } from './shell.ts'

/**
 * The plan as a POSIX shell script: what --dry-run prints and the golden files hold. Secrets are dots.
 * `afterwards` is what follows when an attached agent has ended.
 */
export function renderPlan(plan: Plan, afterwards: Plan = []): string {
  const undone = plan.some(hasUndo)
  const lines = [
    '#!/bin/sh',
    'set -eu',
    ...(undone
      ? ['undo=:', 'later() { undo="$1; $undo"; }', `trap 'code=$?; [ "$code" = 0 ] || eval "$undo" >/dev/null 2>&1; exit "$code"' EXIT`]
      : []),
    ...plan.flatMap((step, index) => renderStep(step, `step_${index + 1}`)),
    ...(afterwards.length > 0 ? ['code=$?', '# when the agent has ended', ...afterwards.flatMap((step) => renderStep(step, 'end')), 'exit "$code"'] : []),
  ]
  return `${lines.join('\n')}\n`
}

function renderStep(step: Step, name: string): readonly string[] {
  switch (step.kind) {
    case 'folder':
      return [
        `mkdir -p -m ${octal(step.mode ?? 0o700)} ${quote(step.path)}`,
        later(['rm', '-rf', step.path]),
      ]
    case 'write':
      return writeLines(step.path, step.content, step.mode)
    case 'exec':
      return renderExec(step, name)
    case 'attach':
      return renderAttach(step)
    case 'together':
      return renderTogether(step, name)
    case 'guard':
      return [
        `${step.unless.map(quote).join(' ')} >/dev/null 2>&1 || {`,
        ...indent(step.steps.flatMap((inner, index) => renderStep(inner, `${name}_${index + 1}`))),
        '}',
      ]
  }
}

function renderExec(step: Exec, name: string): readonly string[] {
  const call = `${environment(step)}${wrapped(step.argv)}${step.tolerant ? ' || true' : ''}`
  const run = step.stdin === undefined ? call : `printf %s ${quote(text(step.stdin))} | ${call}`
  const inFolder = step.folder === undefined ? run : `(cd ${quote(step.folder)} && ${run})`
  const body = [...(step.title === undefined ? [] : [`# ${step.title}`]), ...(step.undo === undefined ? [] : [later(step.undo)])]
  const guarded =
    step.unless === undefined
      ? [...body, inFolder]
      : [`${step.unless.map(quote).join(' ')} >/dev/null 2>&1 || {`, ...indent([...body, inFolder]), '}']
  return step.rescue === undefined ? guarded : rescued(name, guarded, step.rescue)
}

function renderTogether({ lanes, rescue }: Together, name: string): readonly string[] {
  const undos = lanes.flat().flatMap((step) => (step.kind === 'exec' && step.undo ? [later(step.undo)] : []))
  const body = [
    '# side by side',
    ...undos,
    ...lanes.flatMap((lane, index) => [
      '(',
      ...indent(lane.map(withoutUndo).flatMap((step, place) => renderStep(step, `${name}_${index + 1}_${place + 1}`))),
      `) & lane_${index + 1}=$!`,
    ]),
    lanes.map((_, index) => `wait "$lane_${index + 1}"`).join(' && '),
  ]
  return rescue === undefined ? body : rescued(name, body, rescue)
}

/** The second try after the images were made. */
const rescued = (name: string, body: readonly string[], rescue: Plan): readonly string[] => [
  `${name}() {`,
  ...indent(body),
  '}',
  `${name} || {`,
  ...indent(['# an image was missing', 'eval "$undo" >/dev/null 2>&1', ...rescue.flatMap((step, index) => renderStep(step, `${name}_rescue_${index + 1}`)), name]),
  '}',
]

function renderAttach({ argv, timeout, terminate }: Attach): readonly string[] {
  if (timeout === undefined || terminate === undefined) return [wrapped(argv)]
  return [`# after ${timeout} s: ${terminate.map(quote).join(' ')}, exit code 124`, wrapped(argv)]
}

/** One flag a line, so that a diff of golden files is a review of what will run. */
function wrapped([program, ...words]: Argv): string {
  const flags = words.findIndex((word) => word.startsWith('-'))
  if (words.length < 4 || flags === -1) return [program, ...words].map(quote).join(' ')
  const head = [program, ...words.slice(0, flags)].map(quote).join(' ')
  return [head, ...words.slice(flags).map((word) => `  ${quote(word)}`)].join(' \\\n')
}

function writeLines(path: string, content: string, mode: number): readonly string[] {
  const end = heredocEnd(content)
  const [body, newline] = content.endsWith('\n') ? [content, ''] : [`${content}\n`, ' # without the last line break']
  if (content === '') return [`: >${quote(path)}`, `chmod ${octal(mode)} ${quote(path)}`]
  return [`cat >${quote(path)} <<'${end}'${newline}`, `${body}${end}`, `chmod ${octal(mode)} ${quote(path)}`]
}

/** A delimiter that no line of the content equals. */
function heredocEnd(content: string): string {
  const lines = new Set(content.split('\n'))
  let end = 'EOF'
  while (lines.has(end)) end += '_'
  return end
}

const later = (argv: Argv): string => `later ${quote(argv.map(quote).join(' '))}`
const withoutUndo = (step: Step): Step => {
  if (step.kind !== 'exec') return step
  const { undo: _, ...rest } = step
  return rest
}
const hasUndo = (step: Step): boolean => {
  switch (step.kind) {
    case 'folder':
      return true
    case 'exec':
      return step.undo !== undefined || step.rescue !== undefined
    case 'together':
    case 'guard':
      return true
    case 'write':
    case 'attach':
      return false
  }
}
const environment = ({ env = {} }: Exec): string =>
  Object.entries(env)
    .map(([name, value]) => `${name}=${typeof value === 'string' ? quote(value) : DOTS} `)
    .join('')
const text = (value: string | Secret): string => (typeof value === 'string' ? value : DOTS)
const octal = (mode: number): string => mode.toString(8).padStart(4, '0')
/** Heredoc bodies must stay at the margin, so only lines outside of them move. */
function indent(lines: readonly string[]): readonly string[] {
  return lines.map((line) => (line.includes('\n') && line.startsWith('cat >') ? line : heredocBody.test(line) ? line : `  ${line}`))
}
const heredocBody = /\nEOF_*$/
