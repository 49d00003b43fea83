import { DOTS, type Secret } from '../secret.ts'
import type { Argv, Attach, Exec, Gather, Hold, LayFeatures, Pipe, Plan, Snapshot, Step, Together, Until, Write } from './plan.ts'
import { commandLine, quote } from './shell.ts'

/**
 * The plan as a POSIX shell script: what --dry-run=full prints and the golden files hold. Secrets are dots.
 * `afterwards` is what follows when an attached agent has ended, `remark` what a reader should know before.
 */
export const renderPlan = (plan: Plan, afterwards: Plan = [], remark = ''): string =>
  script(plan, afterwards, { folded: false, remark })

/** The same for a reader: every command in full, files and image builds as a line each. It ends before it does anything. */
export const renderFolded = (plan: Plan, afterwards: Plan = [], remark = ''): string =>
  script(plan, afterwards, { folded: true, remark })

type Look = { readonly folded: boolean; readonly remark: string }

function script(plan: Plan, afterwards: Plan, look: Look): string {
  const undone = plan.some(hasUndo)
  const lines = [
    '#!/bin/sh',
    ...(look.remark === '' ? [] : [comment(look.remark)]),
    'set -eu',
    ...(look.folded ? ['exit 2 # files and image builds are folded below: paude --dry-run=full prints a script that runs'] : []),
    ...(undone
      ? [
          'undo=: kept=:',
          'later() { undo="$1; $undo"; }',
          `trap 'code=$?; [ "$code" = 0 ] || eval "$undo; $kept" >/dev/null 2>&1; exit "$code"' EXIT`,
        ]
      : []),
    ...plan.flatMap((step, index) => [
      // An agent that ends with an error is not a start that failed.
      ...(undone && handsOver(step) ? ['undo=: kept=:'] : []),
      ...(afterwards.length > 0 && handsOver(step)
        ? ['code=0', ...suffixed(renderStep(step, `step_${index + 1}`, look), ' || code=$?')]
        : renderStep(step, `step_${index + 1}`, look)),
    ]),
    // Its failure is the start's, unless an agent has taken over meanwhile.
    ...(plan.some((step) => step.kind === 'together' && step.trailing !== undefined) && !plan.some(handsOver)
      ? ['wait "$trailing"']
      : []),
    ...(afterwards.length > 0
      ? ['# when the agent has ended', ...afterwards.flatMap((step) => renderStep(step, 'end', look)), 'exit "$code"']
      : []),
  ]
  return `${lines.join('\n')}\n`
}

/** Whether our own streams become the agent's here. */
const handsOver = (step: Step): boolean => step.kind === 'attach' || (step.kind === 'hold' && step.attached)

function renderStep(step: Step, name: string, look: Look): readonly string[] {
  switch (step.kind) {
    case 'folder':
      return [`mkdir -p -m ${octal(step.mode ?? 0o700)} ${quote(step.path)}`, later(['rm', '-rf', '--', step.path])]
    case 'remove':
      return [...(step.first === undefined ? [] : [`${commandLine(step.first)} || true`]), `rm -rf -- ${quote(step.path)}`]
    case 'write':
      return look.folded ? [foldedFile(step)] : writeLines(step.path, step.content, step.mode)
    case 'copy':
      return [`install -m 0600 ${quote(step.from)} ${quote(step.to)}`]
    case 'place':
      return [
        ...(step.undo === undefined ? [] : [later(step.undo)]),
        ...step.things.map(({ path, content }) => placing(quote(path), content)),
      ]
    case 'copy-tree':
      return [
        step.leaves.length > 1 || step.leaves[0]?.kind === 'file'
          ? `cp -RP ${quote(step.from)} ${quote(step.to)}`
          : `mkdir ${quote(step.to)}`,
        `: # and writes how it is to ${quote(`${step.to}.was`)}`,
      ]
    case 'copy-context':
      return ['# only if that is what was trusted, byte for byte', `cp -RP ${quote(step.from)} ${quote(step.to)}`]
    case 'gather':
      return look.folded
        ? [`: # copies ${counted(step.files.length, 'file')} of yours to ${quote(`${step.store}/${step.name}`)}`]
        : renderGather(step)
    case 'snapshot':
      return renderSnapshot(step)
    case 'lay-features':
      return renderFeatures(step)
    case 'exec':
      return renderExec(step, name, look)
    case 'pipe':
      return renderPipe(step)
    case 'until':
      return renderUntil(step)
    case 'attach':
      return renderAttach(step)
    case 'hold':
      return renderHold(step)
    case 'together':
      return renderTogether(step, name, look)
    case 'later':
      return [later(step.undo)]
    case 'guard':
      return [
        `${silent(step.unless)} || {`,
        ...indent(
          (look.folded && foldedBuild(step.steps)) ||
            step.steps.flatMap((inner, index) => renderStep(inner, `${name}_${index + 1}`, look)),
        ),
        '}',
      ]
  }
}

const placing = (path: string, content: string | null): string =>
  `[ -e ${path} ] || ${content === null ? `mkdir ${path}` : `printf %s ${quote(content)} >${path}`}`

/** What they depend on and set is known when they are fetched, which a shell cannot do: the script says what is decided, and ends. */
function renderFeatures({ features, base, user, to, title }: LayFeatures): readonly string[] {
  return [
    comment(title),
    ...features.map(({ name, digest, folder: own, options }) =>
      comment(`${name}${digest === '' ? '' : `@${digest}`}${own === '' ? '' : ', the copy above'} ${JSON.stringify(options)}`),
    ),
    comment(`and what these depend on. ${to}/Dockerfile then begins with`),
    comment(`  FROM ${base}`),
    comment('  USER root'),
    comment(
      `and has for each of them its ENV, a COPY of its folder, and a RUN of its install.sh for ${user}, with the options above`,
    ),
    `echo ${quote('this script cannot fetch features: paude image build')} >&2`,
    'exit 1',
  ]
}

/** What git ignores is decided when it runs, and no link is followed, which a shell cannot do: the script says what is decided, and ends. */
const renderSnapshot = ({ root, folder, uncommitted: { changed } }: Snapshot): readonly string[] => [
  comment(
    `${folder}/tree.tar gets ${counted(changed.length, 'changed file')} of ${root}, and the files there that git neither has nor ignores`,
  ),
  `echo ${quote('this script cannot bring what is not committed: leave out --dirty')} >&2`,
  'exit 1',
]

/** A copy that is there is not made anew. */
function renderGather({ store, name, files, texts }: Gather): readonly string[] {
  const to = `${store}/${name}`
  const folders = new Set(
    [...files.map(({ path }) => path), ...Object.keys(texts)].map((path) => `${to}/${path}`.replace(/\/[^/]*$/, '')),
  )
  return [
    `[ -e ${quote(to)} ] || {`,
    ...indent([
      `mkdir -p -m 0700 ${[...folders].map(quote).join(' ')}`,
      ...files.map(
        ({ path, source, executable }) => `install -m ${executable ? '0700' : '0600'} ${quote(source)} ${quote(`${to}/${path}`)}`,
      ),
      ...Object.entries(texts).flatMap(([path, text]) => writeLines(`${to}/${path}`, text, 0o600)),
    ]),
    '}',
  ]
}

function renderExec(step: Exec, name: string, look: Look): readonly string[] {
  const call = prefixed(environment(step), wrapped(step.argv))
  const run = step.stdin === undefined ? call : prefixed(`printf %s ${quote(text(step.stdin))} | `, call)
  const inFolder = step.folder === undefined ? run : suffixed(prefixed(`(cd ${quote(step.folder)} && `, run), ')')
  const body = [
    ...(step.title === undefined ? [] : [comment(step.title)]),
    ...(step.most === undefined ? [] : [comment(`given up after ${step.most} s`)]),
    ...(step.undo === undefined ? [] : [later(step.undo)]),
    ...suffixed(inFolder, step.tolerant ? ' || true' : step.left === undefined ? '' : ` || ${nothingIn(step.left)}`),
  ]
  const guarded = step.unless === undefined ? body : [`${silent(step.unless)} || {`, ...indent(body), '}']
  return step.rescue === undefined ? guarded : rescued(name, guarded, { rescue: step.rescue, look })
}

const nothingIn = (ask: Argv): string => `{ left=$(${ask.map(quote).join(' ')}) || left='no answer'; [ -z "$left" ]; }`

/** A POSIX shell tells only how the last program ended, so each says on descriptor 3 that it failed. */
function renderPipe({ from, to, title, printed, undo }: Pipe): readonly string[] {
  return [
    ...(title === undefined ? [] : [comment(title)]),
    ...(undo === undefined ? [] : [later(undo)]),
    '{ failed=$({',
    ...indent(suffixed(prefixed('{ ', wrapped(from)), ' 3>&- || echo from >&3; } |')),
    ...indent(suffixed(prefixed('{ ', wrapped(to)), ` 3>&- >${printed === undefined ? '&4' : quote(printed)} || echo to >&3; }`)),
    '} 3>&1); } 4>&1',
    '[ -z "$failed" ]',
  ]
}

function renderUntil({ ask, ready, never, title, every, most, tolerant }: Until): readonly string[] {
  return [
    comment(`wait at most ${most} s until ${title}`),
    'tries=0',
    `until answer=$(${commandLine(ask)}) && printf %s "$answer" | grep -Eq -e ${quote(ready)}; do`,
    ...indent([
      ...(never === undefined
        ? []
        : [
            `if printf %s "$answer" | grep -Eq -e ${quote(never.pattern)}; then echo ${quote(never.message ?? `never: ${title}`)} >&2; exit 1; fi`,
          ]),
      `tries=$((tries + 1)); [ "$tries" -lt ${Math.max(1, Math.ceil(most / every))} ] || ${tolerant ? 'break' : 'exit 1'}`,
      `sleep ${every}`,
    ]),
    'done',
  ]
}

function renderTogether({ lanes, trailing, rescue }: Together, name: string, look: Look): readonly string[] {
  // Lanes are subshells: what takes them back is said outside, and only of what they will make.
  const undos = [...(trailing ?? []), ...lanes.flat()].flatMap((step) =>
    (step.kind === 'exec' || step.kind === 'pipe') && step.undo
      ? prefixed(step.kind === 'exec' && step.unless ? `${silent(step.unless)} || ` : '', [later(step.undo)])
      : [],
  )
  const body = [
    '# side by side',
    ...undos,
    ...(trailing === undefined ? [] : renderLane(trailing, `${name}_0`, { variable: 'trailing', look })),
    ...lanes.flatMap((lane, index) => renderLane(lane, `${name}_${index + 1}`, { variable: `lane_${index + 1}`, look })),
    'failed=0',
    ...lanes.map((_, index) => `wait "$lane_${index + 1}" || failed=1`),
    '[ "$failed" = 0 ]',
  ]
  return rescue === undefined ? body : rescued(name, body, { rescue, look })
}

/** A lane as a subshell; `variable` keeps its process id. */
const renderLane = (
  lane: Plan,
  name: string,
  { variable, look }: { readonly variable: string; readonly look: Look },
): readonly string[] => [
  '(',
  ...indent(
    lane.flatMap((step, place) => {
      const lines = renderStep(withoutUndo(step), `${name}_${place + 1}`, look)
      // Not left to `set -e`, which sleeps inside a function whose failure is looked at.
      return place < lane.length - 1 ? suffixed(lines, ' &&') : lines
    }),
  ),
  `) & ${variable}=$!`,
]

/** The second try after the images were made. */
const rescued = (
  name: string,
  body: readonly string[],
  { rescue, look }: { readonly rescue: Plan; readonly look: Look },
): readonly string[] => [
  `${name}() {`,
  ...indent(body),
  '}',
  'kept=$undo undo=:',
  `${name} || {`,
  ...indent([
    '# an image was missing',
    'eval "$undo" >/dev/null 2>&1',
    'undo=:',
    ...rescue.flatMap((step, index) => renderStep(step, `${name}_rescue_${index + 1}`, look)),
    name,
  ]),
  '}',
  'undo="$undo; $kept" kept=:',
]

function renderAttach(step: Attach): readonly string[] {
  const { argv, timeout, terminate } = step
  const call = prefixed(environment(step), wrapped(argv))
  if (timeout === undefined || terminate === undefined) return call
  return [`# after ${timeout} s: ${terminate.map(quote).join(' ')}, exit code 124`, ...call]
}

/** The holder is paude itself: it keeps the terminal of the engine's client when ours goes. */
function renderHold({ id, argv, starts, attached, timeout, terminate }: Hold): readonly string[] {
  return [
    ...(timeout === undefined ? [] : [`# after ${timeout} s: ${terminate.map(quote).join(' ')}, exit code 124`]),
    `# keeps a terminal for: ${argv.map(quote).join(' ')}`,
    `paude hold ${starts ? '--start ' : ''}${quote(id)}`,
    ...(attached ? [`paude attach ${quote(id)}`] : []),
  ]
}

/** One flag a line, so that a diff of golden files is a review of what will run. */
function wrapped([program, ...words]: Argv): readonly string[] {
  const flags = words.findIndex((word) => word.startsWith('-'))
  if (words.length < 4 || flags === -1) return [[program, ...words].map(quote).join(' ')]
  const lines = [
    [program, ...words.slice(0, flags)].map(quote).join(' '),
    ...words.slice(flags).map((word) => `  ${quote(word)}`),
  ]
  return lines.map((line, index) => (index < lines.length - 1 ? `${line} \\` : line))
}

const prefixed = (text: string, [first = '', ...rest]: readonly string[]): readonly string[] => [`${text}${first}`, ...rest]
const suffixed = (lines: readonly string[], text: string): readonly string[] => [
  ...lines.slice(0, -1),
  `${lines.at(-1) ?? ''}${text}`,
]
const silent = (probe: Argv): string => `${probe.map(quote).join(' ')} >/dev/null 2>&1`

function writeLines(path: string, content: string, mode: number): readonly string[] {
  const access = `chmod ${octal(mode)} ${quote(path)}`
  if (content === '') return [`: >${quote(path)}`, access]
  // A heredoc always ends its last line, and dash loses bytes of one that is not ASCII.
  if (!content.endsWith('\n') || !/^[\t\n -~]*$/.test(content)) return [`printf %s ${quote(content)} >${quote(path)}`, access]
  const end = heredocEnd(content)
  return [`cat >${quote(path)} <<'${end}'`, `${content}${end}`, access]
}

const foldedFile = ({ path, content, mode }: Write): string =>
  `: # writes ${quote(path)}, mode ${octal(mode)}: ${counted(Buffer.byteLength(content), 'byte')}`

/** The steps that bring an image about, as what they say of themselves; null when there is none among them. */
function foldedBuild(steps: Plan): readonly string[] | null {
  const titles = steps.flatMap((step) => ('title' in step && step.title !== undefined ? [step.title] : []))
  const files = steps.filter(({ kind }) => kind === 'write').length
  return titles.length === 0 ? null : [...titles.map((title) => `: ${comment(title)}`), `: # with ${counted(files, 'file')}`]
}

const counted = (number: number, word: string): string => `${number} ${word}${number === 1 ? '' : 's'}`

/** A delimiter that no line of the content begins with. */
function heredocEnd(content: string): string {
  let end = 'EOF'
  while (`\n${content}`.includes(`\n${end}`)) end += '_'
  return end
}

/** A name of the project may stand in it: neither a line of its own nor anything that a terminal acts on. */
const comment = (title: string): string => `# ${title.replace(/[\p{C}\u2028\u2029]/gu, ' ')}`
const later = (argv: Argv): string => `later ${quote(argv.map(quote).join(' '))}`
const withoutUndo = (step: Step): Step => {
  if (step.kind !== 'exec' && step.kind !== 'pipe') return step
  const { undo: _, ...rest } = step
  return rest
}
const hasUndo = (step: Step): boolean => {
  switch (step.kind) {
    case 'folder':
      return true
    case 'exec':
      return step.undo !== undefined || step.rescue !== undefined
    case 'pipe':
      return step.undo !== undefined
    case 'together':
    case 'guard':
    case 'later':
    case 'place':
      return true
    case 'remove':
    case 'write':
    case 'copy':
    case 'copy-tree':
    case 'copy-context':
    case 'gather':
    case 'snapshot':
    case 'lay-features':
    case 'until':
    case 'attach':
    case 'hold':
      return false
  }
}
const environment = ({ env = {} }: Pick<Exec, 'env'>): string =>
  Object.entries(env)
    .map(([name, value]) => `${name}=${typeof value === 'string' ? quote(value) : DOTS} `)
    .join('')
const text = (value: string | Secret): string => (typeof value === 'string' ? value : DOTS)
const octal = (mode: number): string => mode.toString(8).padStart(4, '0')
/** Heredoc bodies must stay at the margin, so only lines outside of them move. */
function indent(lines: readonly string[]): readonly string[] {
  return lines.map((line) => (heredocBody.test(line) ? line : `  ${line}`))
}
const heredocBody = /\nEOF_*$/
