import { agentOfRecord } from '../../agents/registry.ts'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import type { SessionEvent } from '../../events/event.ts'
import { bootTime, readPiece } from '../../events/file.ts'
import { followEvents } from '../../events/follow.ts'
import { EVENTS_LIMIT } from '../../events/place.ts'
import { eventReader } from '../../events/read.ts'
import { ask, refusedIsNull } from '../../run/ask.ts'
import { findSession } from '../../session/life/find.ts'
import { findPast } from '../../session/record/past.ts'
import { jsonLine } from '../../text.ts'
import { follow, lastOne, latest, readSince, readTail, recent, session } from '../args.ts'
import { READS } from '../front-flags.ts'
import { verb } from '../verb.ts'
import { eventLine } from './event-line.ts'

export default verb({
  description: 'Show what the agent of a session did',
  front: READS,
  examples: [
    ['paude events', 'prompts, tools, questions and answers of the session of this directory'],
    ['paude events fix-login --follow', 'and new events as they come'],
    ['paude events --last', 'of the last session of this directory, even if it was removed'],
    ['paude events --since 10m', 'of the last ten minutes; --tail 20 shows the last 20'],
    ['paude events --json | jq -r \'select(.kind == "tool") | .command // .file\'', 'commands and files, for scripts'],
  ],
  args: {
    session,
    follow: { ...follow, description: 'Show new events as they come, until the session ends' },
    ...recent,
    last: lastOne,
    json: { type: 'boolean', description: 'Print one JSON object per line' },
  },
  async run(context, given) {
    const [tail, since] = [readTail(given.tail), readSince(given.since)]
    if (given.last && given.follow)
      throw new PaudeError('usage', '--last and --follow cannot be combined', { hint: 'leave one of them out' })
    const past = given.last ? findPast(context.host, given.session) : null
    const { record, folder } = past ?? (await openedSession(context, given.session))
    const agent = agentOfRecord(record)
    if (agent === null)
      throw new PaudeError('unsupported', `session ${record.id} runs a command, not an agent, so it has no events`)
    if (record.cluster !== undefined)
      throw new PaudeError('unsupported', `session ${record.id} runs on a cluster, and its events stay there`, {
        hint: `paude logs ${record.id}`,
      })
    const { columns } = context.host.size
    const width = context.host.terminal.stdout ? columns : Number.POSITIVE_INFINITY
    const line = (event: SessionEvent) => (given.json ? jsonLine(event) : eventLine(event, width))
    const fresh = () => eventReader(record.id, bootTime(), agent.signals.hook)
    const reader = fresh()
    if (given.follow) {
      const { backend, handle } = await findSession(context, record.id)
      const runs = async () =>
        (await ask(backend.life.state(handle), context.effects(backend)).catch(refusedIsNull))?.status === 'running'
      // What is there already is cut by --tail; all that comes later is shown.
      const before = tail === undefined ? Number.POSITIVE_INFINITY : reader.read(readPiece(folder, 0).bytes).length - tail
      let seen = 0
      for await (const event of followEvents(folder, { reader: fresh(), runs }))
        if ((tail === undefined || seen++ >= before) && event.time >= since) context.answer(line(event))
      return 0
    }
    const { bytes, size } = readPiece(folder, 0)
    const events = latest(reader.read(bytes), { tail, since }, ({ time }) => time)
    if (events.length > 0) context.answer(events.map((event) => `${line(event)}\n`).join(''))
    else context.note(since === '' ? 'no events yet' : `no events since ${since}`)
    const skipped = reader.skipped()
    if (skipped > 0)
      context.warn(
        `skipped ${skipped === 1 ? 'a line' : `${skipped} lines`} of an unknown writer: programs in the sandbox can write there`,
      )
    if (size >= EVENTS_LIMIT) context.warn(`the record is full (limit ${EVENTS_LIMIT / 1024 ** 2} MiB): later events are missing`)
    return 0
  },
})

const openedSession = async (context: Context, word: string | undefined) => {
  const { record, handle } = await findSession(context, word, 'running', 'paude events')
  return { record, folder: handle.folder }
}
