import { readSync } from 'node:fs'
import type { Config, Layer } from '../../config/keys/settings.ts'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import { groupEntry } from '../../network/groups.ts'
import { quote } from '../../plan/shell.ts'
import { fromCommands, programsIn } from '../../project/init/fetched.ts'
import { systemPrograms } from '../../project/init/markers.ts'
import {
  approvalOf,
  askedOf,
  isLong,
  itemText,
  type Judged,
  narrowed,
  type Project,
  readProject,
  whole,
  widened,
} from '../../project/judge.ts'
import { isNews } from '../../project/news.ts'
import { byRisk } from '../../project/risk.ts'
import { approvals, isApproved } from '../../project/trust.ts'
import { trustFile } from '../../project/trusted.ts'
import { devcontainerFlag } from '../../project/wanted-devcontainer.ts'
import { startPolicy } from '../../session/resolve/policy.ts'
import { requirePrivate, trustFolder } from '../../state.ts'
import { shortened, shown } from '../../text.ts'
import { dim, red, yellow } from '../streams/output.ts'

/** The configuration of a start. What a project's files open needs the user's word, which is asked for where there is a terminal. */
export async function startConfig(context: Context, flags: Layer): Promise<Config> {
  const { host } = context
  const project = await readProject(context, flags)
  const { dryRun, printConfig } = project.base.settings
  const { ignored } = project
  if (ignored !== '' && (dryRun || printConfig || isNews(host, ignored))) context.note(ignored)
  const { config, open } = settle(context, project)
  if (open.length === 0) return config
  if (!canAsk(context) || dryRun || printConfig) throw untrusted(open, project.base)
  showWidening(context, project, open)
  switch (readAnswer(context, `${trustWhat(open)} [y/N], or i to ignore it: `)) {
    case 'y':
    case 'yes':
      for (const judged of open) await trustFile(context, await approvalOf(judged, host))
      return whole(project)
    case 'i':
    case 'ignore':
      return project.base
    default:
      throw untrusted(open, project.base)
  }
}

/** What holds as things stand, and the files that wait for the user's word: of these only what narrows. */
export function settle({ host, note }: Context, project: Project): { readonly config: Config; readonly open: readonly Judged[] } {
  if (project.judged.length === 0) return { config: project.base, open: [] }
  const opening = project.judged.filter(({ items }) => items.length > 0)
  if (opening.length === 0) return { config: whole(project), open: [] }
  if (project.base.settings.projectConfig === 'restrict') {
    for (const { file, items } of opening)
      note(`${shown(file.file)}: ignored, since security.project_config is restrict: ${items.map(named).join(', ')}`)
    return { config: narrowed(project), open: [] }
  }
  requirePrivate(host)
  const open = opening.filter((judged) => !isApproved(trustFolder(host), askedOf(judged, host)))
  return { config: open.length === 0 ? whole(project) : narrowed(project), open }
}

/** Whether somebody is there to answer. */
export const canAsk = ({ host: { terminal } }: Context): boolean => terminal.stdin && terminal.stderr

/** Characters of one value that are shown: nobody reads more before he says yes. */
const MOST_SHOWN = 8192

/** Shows what files open, as a diff against what the user has. What no start takes is not asked about. */
export function showWidening(context: Context, project: Project, judged: readonly Judged[]): void {
  const { host, note } = context
  startPolicy(whole(project), { session: '', needed: [], injections: [] })
  for (const { key, value, place } of judged.flatMap(({ items }) => items))
    if (value.length > MOST_SHOWN)
      throw new PaudeError(
        'refused',
        `${shown(place)}: ${key} is ${value.length} characters long, too long to review (limit ${MOST_SHOWN})`,
        {
          hint: `write fewer than ${MOST_SHOWN}, or put it into a file`,
        },
      )
  for (const one of judged) {
    const approved = approvals(trustFolder(host)).find(({ file }) => file === one.file.file) ?? null
    const since = approved === null ? '' : ' and has changed since you approved it; new marks what you have not approved'
    note(
      [
        `${shown(one.file.file)} wants to loosen the sandbox${since}:`,
        ...widened(one, host, approved).map(({ risk, text }) => `  ${PAINTS[risk](text)}`),
      ].join('\n'),
    )
  }
  tellNeeds(context, whole(project))
}

/** What the commands of the project need and do not have: told before the yes, since they run at once. */
function tellNeeds({ note }: Context, { settings }: Config): void {
  const commands = settings.lifecycle.flatMap((step) => (step.kind === 'run' ? [step.command].flat() : []))
  if (commands.length === 0) return
  const known = settings.networkGroups.map(groupEntry)
  const groups = new Set(fromCommands(commands).map(({ group }) => group))
  const missing = [...groups].filter((group) => !known.includes(group))
  if (missing.length > 0 && settings.network === 'restricted')
    note(`its commands need ${missing.join(', ')}, which the network does not allow yet: paude init`)
  const programs = new Set(commands.flatMap(programsIn))
  const system = systemPrograms.filter((program) => programs.has(program))
  if (system.length > 0)
    note(`${system.join(', ')} cannot install packages in a sandbox, since its root is read-only; use image.packages`)
}

/** By risk, and not as a diff: what a yes would open must not be green. */
const PAINTS = { before: dim, opens: yellow, danger: red } as const

/** The question. A long list is counted and the dangerous keys are named, since what matters may have left the screen. */
export function trustWhat(judged: readonly Judged[], ask = 'trust it'): string {
  const items = judged.flatMap((one) => one.items)
  const count = items.length
  const long = items.some(({ value, before }) => isLong(value) || isLong(before))
  const { dangerous } = byRisk(items)
  const keys = [...new Set(dangerous.map(({ key }) => key))].join(', ')
  return [
    ask,
    ...(count > 10 || (count > 1 && long) ? [`all ${count} of these`] : []),
    ...(keys === '' ? [] : [`${count === 1 ? '' : `${dangerous.length} of them `}dangerous: ${keys}`]),
  ]
    .join(', ')
    .concat('?')
}

/**
 * One line from the terminal, in lower case; '' when it was closed. consola 3.4.2 cannot ask this: its prompts draw on stdout, never end
 * after Ctrl-D, take a lone y for a yes, and its text is always '' on Bun 1.4.5.
 */
export const readAnswer = (context: Context, question: string, closed = ''): string =>
  readLine(context, question, closed).toLowerCase()

/** The same with its letters as they are; `closed` when the input has ended, which is no Enter. */
export function readLine({ prompt }: Context, question: string, closed = ''): string {
  prompt(question)
  const bytes = Buffer.alloc(4096)
  try {
    const length = readSync(0, bytes)
    return length === 0 ? closed : bytes.toString('utf8', 0, length).trim()
  } catch {
    return closed
  }
}

/** Asks until the answer can be taken, and says in one line why one cannot. No answer, as at the end of the input, is a default. */
export function askAgain<T>({ note }: Context, ask: () => T): T {
  for (;;)
    try {
      return ask()
    } catch (error) {
      if (!(error instanceof PaudeError)) throw error
      note(`${error.message}; ${error.hint}`)
    }
}

const named = (item: Parameters<typeof itemText>[0]) => shown(shortened(itemText(item)))

/** The command that asks for the user's word about what was looked at: without the same flags it would look at something else. */
export function trustCommand({ settings, origins }: Config, ...words: readonly string[]): string {
  const typed = (key: 'devcontainer' | 'profile') => origins[key].some(({ layer }) => layer === 'flag')
  return [
    'paude',
    ...(typed('profile') ? [`--profile=${quote(settings.profile)}`] : []),
    ...(typed('devcontainer') ? [devcontainerFlag(settings)] : []),
    'trust',
    ...words,
  ].join(' ')
}

function untrusted(judged: readonly Judged[], config: Config): PaudeError {
  const [first] = judged
  const { dangerous, rest } = byRisk(judged.flatMap((one) => one.items))
  const items = [...dangerous, ...rest]
  // What is dangerous is never among those that are only counted.
  const most = Math.max(3, dangerous.length)
  const more = items.length > most ? `, and ${items.length - most} more` : ''
  return new PaudeError(
    'refused',
    `${shown(first?.file.file ?? '')} wants to loosen the sandbox and is not trusted: ${items.slice(0, most).map(named).join(', ')}${more}`,
    { hint: `review and approve it: ${trustCommand(config)}; or start without it: paude --ignore-project-config` },
  )
}
