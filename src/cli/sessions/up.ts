import type { Status } from '../../box/handle.ts'
import { titleOf } from '../../box/remote.ts'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import { patiently } from '../../run/patience.ts'
import { findSession, listSessions } from '../../session/life/find.ts'
import { type Past, shouldRestart } from '../../session/life/restart.ts'
import { continueSession } from '../../session/life/resume.ts'
import { backendOf } from '../../session/record/engines.ts'
import { isStopped } from '../../session/record/intent.ts'
import { handleOf, type SessionRecord } from '../../session/record/record.ts'
import { readRecords, sessionFolder } from '../../session/record/store.ts'
import { dryRun, readSeconds } from '../args.ts'
import { alsoTaking, PLANS, taking } from '../front-flags.ts'
import { sentence } from '../streams/output.ts'
import { verb } from '../verb.ts'
import { noteRunning } from './running.ts'

export default verb({
  description: 'Start the sessions that ran before a reboot',
  details: 'It does not start what you stopped with paude stop.',
  front: alsoTaking(PLANS, taking('scrollback', 'profile')),
  examples: [
    ['paude up', 'the sessions of this directory'],
    ['paude up --all', 'the sessions of every directory'],
  ],
  args: {
    sessions: {
      type: 'positional',
      many: true,
      offers: 'sessions',
      description: 'Sessions, stopped ones too (default: those of this directory)',
    },
    all: { type: 'boolean', description: 'Sessions of every directory' },
    timeout: {
      type: 'string',
      valueHint: 'SECONDS',
      description: 'How long to wait for an engine that is not running yet (default: 0)',
    },
    'dry-run': dryRun,
  },
  async run(context, given) {
    const seconds = readSeconds(given.timeout, 0, '--timeout')
    if (given.all && given.sessions.length > 0)
      throw new PaudeError('usage', '--all and session names cannot be combined', { hint: 'leave one of them out' })
    const { host } = context
    const isHere = ({ workspace }: SessionRecord) => host.cwd === workspace || host.cwd.startsWith(`${workspace}/`)
    const named = await Promise.all(given.sessions.map((word) => findSession(context, word)))
    const records =
      given.sessions.length > 0
        ? named.map(({ record }) => record)
        : readRecords(host).filter((record) => given.all || isHere(record))
    const rows = await patientRows(context, new Set(records.map(({ backend, remote }) => titleOf(backend, remote))), seconds)
    let [failures, started] = [0, 0]
    for (const record of records.toReversed()) {
      const folder = sessionFolder(host, record.id)
      const row = rows.get(record.id)
      const past: Past = {
        status: row?.status ?? 'gone',
        exitCode: row?.exitCode ?? 0,
        stopped: isStopped(folder),
        named: given.sessions.length > 0,
      }
      const { restarts, why } = shouldRestart(record, past)
      if (why !== '') context.note(why)
      if (!restarts) continue
      const found = { backend: backendOf(record), handle: handleOf(record, folder), record }
      try {
        await continueSession(context, found, { attached: false, dryRun: given['dry-run'] === true })
        started++
        if (!given['dry-run']) noteRunning(context, found)
      } catch (error) {
        // One that cannot be started does not keep the others down.
        if (!(error instanceof PaudeError) || error.code === 'interrupted') throw error
        failures++
        context.warn(sentence(error).trim())
      }
    }
    if (started + failures === 0 && context.host.terminal.stderr)
      context.note(
        `no session to start${given.all || given.sessions.length > 0 ? '' : ' in this directory; in every directory: paude up --all'}`,
      )
    return failures > 0 ? 1 : 0
  },
})

type Row = { readonly status: Status; readonly exitCode: number | null }

/** What the engines say of their sessions, as soon as those that are needed answer; at login they may come later than we do. */
async function patientRows(context: Context, needed: ReadonlySet<string>, seconds: number): Promise<ReadonlyMap<string, Row>> {
  const look = async () => {
    const { sessions, failures } = await listSessions(context)
    const failure = failures.find(({ backend }) => needed.has(backend))
    return { rows: new Map(sessions.map((row) => [row.id, row])), failure }
  }
  const first = await look()
  if (first.failure === undefined) return first.rows
  const { error } = first.failure
  if (seconds === 0) throw error
  context.note(`${error.message}; waiting for it`)
  return await patiently(seconds, async (signal) => {
    while (true) {
      await Bun.sleep(1000)
      signal.throwIfAborted()
      const { rows, failure } = await look()
      if (failure === undefined) return rows
    }
  })
}
