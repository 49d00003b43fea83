import { away } from '../../backends/away.ts'
import type { Backend } from '../../backends/backend.ts'
import type { BackendName } from '../../backends/names.ts'
import { type Usable, usable } from '../../backends/pick.ts'
import { allBackends } from '../../backends/registry.ts'
import { isUp, type Listed, type Usage } from '../../box/handle.ts'
import { type Remote, titleOf } from '../../box/remote.ts'
import { HARDENED } from '../../box/security.ts'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import type { Argv } from '../../plan/plan.ts'
import { ask, refusedIsNull } from '../../run/ask.ts'
import { withhold } from '../../run/environment.ts'
import { KILLED, type Outcome } from '../../run/process.ts'
import { question } from '../../run/question.ts'
import { boxesOf } from '../record/boxes.ts'
import { isGood, keepEmpty, markOf, markOfFolders, readEmpty } from '../record/empty-engines.ts'
import { backendOf, enginesOf } from '../record/engines.ts'
import type { Found } from '../record/found.ts'
import { homeVolume } from '../record/id.ts'
import { isStopped } from '../record/intent.ts'
import { hasPast } from '../record/past.ts'
import { handleOf, type SessionRecord } from '../record/record.ts'
import { isLeaving, readRecord, readRecords, sessionFolder } from '../record/store.ts'

/**
 * The session a word means: an id, three letters or more of its random part, or a name; without a word, the one of this directory.
 * When that has several, the only one that runs, or that does not, where that is `preferred`. `past` reads one that is gone.
 */
export async function findSession(
  context: Context,
  word: string | undefined,
  preferred?: 'running' | 'ended',
  past = '',
): Promise<Found> {
  // A variable of a script that is not set: it must not mean any session.
  if (word === '') throw new PaudeError('usage', 'the name of the session is empty', { hint: 'paude sessions' })
  const records = readRecords(context.host)
  if (word === undefined && preferred !== undefined) {
    const fitting = await preferable(context, records, preferred)
    if (fitting !== null) return found(context, fitting)
  }
  const local = await choose(context, records, word)
  if (local !== null) return found(context, local)
  // A session whose folder is gone is still known to its engine.
  const { sessions } = await listSessions(context)
  const known = new Set(records.map(({ id }) => id))
  const lost = sessions.filter(({ id }) => !known.has(id)).map(recordOf)
  // It may be somebody else's, on an engine that several people use: only the whole id means it.
  const meant = word === undefined ? lost : lost.filter(({ id }) => id === word || id === `paude-${word}`)
  const other = await choose(context, meant, word)
  if (other !== null) return found(context, other)
  if (word === undefined)
    throw new PaudeError('not-found', 'no session belongs to this directory', {
      hint: `list all: paude sessions${past !== '' && hasPast(context.host) ? `; read the last one of this directory: ${past} --last` : ''}`,
    })
  throw new PaudeError('not-found', `no session has the name or id ${JSON.stringify(word)}`, { hint: 'paude sessions' })
}

/** After a failed command in it: says so when the session does not run, which an engine says in words of its own. */
export async function requireRunning(context: Context, { backend, handle }: Pick<Found, 'backend' | 'handle'>): Promise<void> {
  const state = await ask(backend.life.state(handle), context.effects(backend)).catch(refusedIsNull)
  if (state === null) throw new PaudeError('not-found', `session ${handle.id} is gone`, { hint: 'paude sessions' })
  if (state.status !== 'running')
    throw new PaudeError('not-found', `session ${handle.id} is not running`, { hint: `paude start ${handle.id}` })
}

export type Row = Listed & { readonly backend: BackendName; readonly remote?: Remote }

type SessionList = {
  readonly sessions: readonly Row[]
  readonly failures: readonly { readonly backend: string; readonly error: PaudeError }[]
}

/** Sessions of all usable backends: one call each, side by side; a dead engine does not hide the others, and one of another machine is waited for a few seconds. */
export async function listSessions(context: Context): Promise<SessionList> {
  return listed(context, await Promise.all(enginesOf(context.host).map((backend) => sessionsOn(context, backend))))
}

/**
 * The same, without the engines that are known to be empty. It is back as soon as the others are asked, so that the caller can read files and load
 * modules beside their clients.
 */
export async function beginList(context: Context): Promise<{ readonly list: Promise<SessionList> }> {
  const { host } = context
  const [kept, folders] = [readEmpty(host), markOfFolders(host)]
  const states = new Map(await Promise.all(allBackends.map(async (backend) => [backend, await usable(host, backend)] as const)))
  const isKept = (backend: Backend) => states.get(backend) === 'yes' && (kept?.engines.includes(backend.name) ?? false)
  const look = (backend: Backend) => sessionsOn(context, backend, states.get(backend))
  const first = allBackends.filter((backend) => !isKept(backend)).map(look)
  const rest = async () => {
    const mark = markOf(host, folders)
    const good = isGood(kept, mark, Date.now())
    const others = enginesOf(host).filter((backend) => backend.remote !== null || (isKept(backend) && !good))
    const answers = await Promise.all([...first, ...others.map(look)])
    // What was not asked is no newer than it was.
    if (!good)
      keepEmpty(
        host,
        answers.flatMap(({ empty }) => empty ?? []),
        { mark, at: Date.now() },
      )
    return listed(context, answers)
  }
  return { list: rest() }
}

type Answer = {
  readonly name: string
  readonly rows: readonly Row[]
  readonly errors: readonly PaudeError[]
  /** One that was asked and has none. */
  readonly empty?: Backend
}

/** What one engine says. */
async function sessionsOn(context: Context, backend: Backend, known?: Usable): Promise<Answer> {
  const { remote } = backend
  const name = titleOf(backend.name, remote)
  const placed = { backend: backend.name, ...(remote === null ? {} : { remote }) }
  const state = known ?? (await usable(context.host, backend))
  if (state === 'missing' && remote === null) return { name, rows: [], errors: [] }
  const queries = backend.inventory.sessions(boxesOf(context.host, backend))
  if (queries.length === 0) return { name, rows: [], errors: [] }
  if (state === 'elsewhere' && backend.inventory.sessions(() => []).length > 0 && boxesOf(context.host, backend)().length === 0)
    return { name, rows: [], errors: [] }
  if (state !== 'yes') return { name, rows: [], errors: [away(context.host, backend, 'start') ?? unusable(backend, state)] }
  // Each by itself: of several clusters one may be out of reach.
  const answers = await Promise.all(
    queries.map((query) =>
      ask(query, context.effects(backend), ...(remote === null ? [] : [askFar])).catch((error: unknown) => {
        if (error instanceof PaudeError) return error
        throw error
      }),
    ),
  )
  const errors = answers.flatMap((answer) => (answer instanceof PaudeError ? [answer] : []))
  const rows = answers.flatMap((answer) => (answer instanceof PaudeError ? [] : answer))
  const isEmpty = rows.length === 0 && errors.length === 0
  return { name, rows: rows.map((row) => ({ ...row, ...placed })), errors, ...(isEmpty ? { empty: backend } : {}) }
}

const listed = (context: Context, answers: readonly Answer[]): SessionList => ({
  sessions: answers
    .flatMap(({ rows }) => rows)
    // An address may lead back to this machine.
    .filter((row) => isOfRecord(context, row))
    .filter(({ id }) => !isLeaving(sessionFolder(context.host, id)))
    .toSorted((a, b) => (a.created < b.created ? 1 : -1)),
  failures: answers.flatMap(({ name, errors }) => errors.map((error) => ({ backend: name, error }))),
})

/** Whether a row comes from where its record says that the session is. */
function isOfRecord({ host }: Context, row: Row): boolean {
  const record = readRecord(host, row.id)
  return record === null || backendOf(record) === backendOf(row)
}

/** Seconds for which a list waits for an engine of another machine. */
const FAR_SECONDS = 5

async function askFar(argv: Argv): Promise<Outcome> {
  const signal = AbortSignal.timeout(FAR_SECONDS * 1000)
  const outcome = await question(argv, { signal })
  return signal.aborted && outcome.code !== 0 ? { ...outcome, silent: FAR_SECONDS } : outcome
}

/** Rows with those that reached their limit of memory: one call for each engine on which a session that has one was killed. */
export async function withMemoryEnds(context: Context, rows: readonly Row[]): Promise<readonly Row[]> {
  const isKilled = ({ id, status, exitCode }: Row) =>
    status === 'exited' && exitCode === KILLED && !isStopped(sessionFolder(context.host, id))
  const killed = rows.filter((row) => isKilled(row) && (readRecord(context.host, row.id)?.limits?.memory ?? 0) > 0)
  const answers = await Promise.all(
    enginesOf(context.host).map(async (backend) => {
      const mine = killed.filter((row) => backendOf(row) === backend)
      const query = backend.inventory.outOfMemory?.(mine)
      return query === undefined || mine.length === 0 ? [] : await ask(query, context.effects(backend)).catch(() => [])
    }),
  )
  const ended = new Set(answers.flat())
  return rows.map((row) => (ended.has(row.id) ? { ...row, outOfMemory: true } : row))
}

/** What the boxes of these sessions use now: one call for each engine. Those that do not tell are named, with their words. */
export async function usageOf(
  context: Context,
  rows: readonly Row[],
): Promise<{ readonly usage: ReadonlyMap<string, Usage>; readonly failures: readonly string[] }> {
  // Those of this state folder: an engine may have others, and fails for all where one is broken.
  const up = rows.filter(({ id, status }) => status === 'running' && readRecord(context.host, id) !== null)
  const answers = await Promise.all(
    enginesOf(context.host)
      .filter((backend) => up.some((row) => backendOf(row) === backend))
      .map(async (backend) => {
        const { inventory } = backend
        const name = titleOf(backend.name, backend.remote)
        if (inventory.usage === null) return { used: [], failure: `${name} does not tell what a session uses` }
        const used = await ask(inventory.usage(up.filter((row) => backendOf(row) === backend)), context.effects(backend)).catch(
          (error: unknown) => {
            if (error instanceof PaudeError) return error
            throw error
          },
        )
        return used instanceof PaudeError ? { used: [], failure: used.message } : { used, failure: '' }
      }),
  )
  return {
    usage: new Map(answers.flatMap(({ used }) => used.map((one) => [one.session, one] as const))),
    failures: answers.flatMap(({ failure }) => failure || []),
  }
}

/** The one session of this directory that runs, or that does not. The engines are asked only when there are several. */
async function preferable(
  context: Context,
  records: readonly SessionRecord[],
  preferred: 'running' | 'ended',
): Promise<SessionRecord | null> {
  const here = records.filter((record) => isOf(context.host.cwd, record))
  if (here.length < 2) return null
  const { sessions } = await listSessions(context)
  const running = new Set(sessions.filter(isUp).map(({ id }) => id))
  const fitting = here.filter(({ id }) => running.has(id) === (preferred === 'running'))
  return fitting.length === 1 ? (fitting[0] ?? null) : null
}

/** Whether a folder is of a session: of its workspace, or of the project that its worktree was made in. */
export const isOf = (cwd: string, { workspace, worktree }: SessionRecord): boolean =>
  isBelow(cwd, workspace) || (worktree !== undefined && isBelow(cwd, worktree.project))

const isBelow = (path: string, folder: string): boolean => path === folder || path.startsWith(`${folder}/`)

async function choose(
  { host, choose: ask }: Context,
  records: readonly SessionRecord[],
  word: string | undefined,
): Promise<SessionRecord | null> {
  const matches =
    word === undefined
      ? records.filter((record) => isOf(host.cwd, record))
      : records
          .filter(({ id, name }) => id === word || name === word)
          .concat(records.filter(({ id, name }) => id !== word && name !== word && startsWith(id, word)))
  const exact = matches.filter(({ id, name }) => id === word || name === word)
  const candidates = exact.length > 0 ? exact : matches
  if (candidates.length < 2) return candidates[0] ?? null
  const id = await ask(
    word === undefined
      ? `this directory has ${candidates.length} sessions`
      : `${JSON.stringify(word)} matches ${candidates.length} sessions`,
    candidates.map((record) => ({ ...record, folder: sessionFolder(host, record.id) })),
  )
  return candidates.find((record) => record.id === id) ?? null
}

/** Letters of the random part that mean an id: fewer are soon those of a session that nobody thought of. */
const LEAST_LETTERS = 3

function startsWith(id: string, word: string): boolean {
  const letters = word.replace(/^paude-/, '')
  return letters.length >= LEAST_LETTERS && id.startsWith(`paude-${letters}`)
}

/** A session by its record, so that its backend can be asked. */
export function found({ host }: Context, record: SessionRecord): Found {
  withhold(record.secrets ?? [])
  return { backend: backendOf(record), handle: handleOf(record, sessionFolder(host, record.id)), record }
}

/** What the labels tell of a session whose folder is gone. */
export const recordOf = (row: Row): SessionRecord => ({
  v: 3,
  id: row.id,
  name: row.name,
  backend: row.backend,
  agent: row.agent,
  version: '',
  created: row.created,
  starter: '',
  workspace: row.workspace,
  directory: row.workspace,
  network: (['none', 'open', 'record', 'ask'] as const).find((mode) => mode === row.network) ?? 'restricted',
  allow: [],
  deny: [],
  injections: [],
  ports: [80, 443],
  ways: { upstream: null, dns: [], ip: 'any', bandwidth: 0 },
  revision: '',
  changes: [],
  settled: true,
  terminal: true,
  conversation: '',
  // Whatever it may have is removed with it.
  link: row.network === 'none' ? 'none' : row.cluster === undefined ? 'gate' : 'service',
  ...(row.cluster === undefined ? {} : { cluster: row.cluster }),
  init: '',
  homeVolume: row.homeVolume ?? (row.agent === 'command' ? '' : homeVolume(row.workspace, row.agent)),
  mounts: [],
  copies: [],
  shadows: [],
  standIns: [],
  overlays: [],
  onFinding: 'ask',
  alarm: 'off',
  writesConfig: false,
  watch: {},
  index: null,
  repos: [],
  // No label tells; without its folder it cannot be started again anyway.
  security: HARDENED,
  credentials: [],
})

function unusable(backend: Backend, state: Exclude<Usable, 'yes'>): PaudeError {
  const name = titleOf(backend.name, backend.remote)
  if (state === 'missing') return new PaudeError('backend-missing', `the client of ${name} is not in PATH`)
  return state === 'down'
    ? new PaudeError('backend-down', `${name} is installed, but its engine is not running`, {
        hint: `start it, or ignore this if you do not use ${name}`,
      })
    : new PaudeError('backend-denied', `no permission to use the socket of ${name}`, {
        hint: 'add yourself to its group and log in again',
      })
}
