import { agentNamed } from '../../agents/registry.ts'
import { PaudeError } from '../../errors.ts'
import type { SessionEvent } from '../../events/event.ts'
import { bootTime, readPiece } from '../../events/file.ts'
import { followEvents } from '../../events/follow.ts'
import { EVENTS_LIMIT } from '../../events/place.ts'
import { eventReader } from '../../events/read.ts'
import { ask } from '../../run/ask.ts'
import { findSession } from '../../session/life/find.ts'
import { jsonLine } from '../../text.ts'
import { session } from '../args.ts'
import { READS } from '../front-flags.ts'
import { verb } from '../verb.ts'
import { eventLine } from './event-line.ts'

export default verb({
  description: 'Show what the agent of a session did',
  front: READS,
  examples: [
    ['paude events', 'prompts, tools, questions and answers of the session of this directory'],
    ['paude events fix-login --follow', 'and what comes from now on'],
    ['paude events --json | jq -r \'select(.kind == "tool") | .command // .file\'', 'commands and files, for scripts'],
  ],
  args: {
    session,
    follow: { type: 'boolean', description: 'Go on as more happens, until the session ends' },
    json: { type: 'boolean', description: 'One JSON object a line' },
  },
  async run(context, given) {
    const { backend, handle, record } = await findSession(context, given.session, 'running')
    const agent = agentNamed(record.agent)
    if (agent === null)
      throw new PaudeError('unsupported', `session ${record.id} runs a command and no agent, so it has no events`)
    const { columns } = context.host.size
    const width = context.host.terminal.stdout ? columns : Number.POSITIVE_INFINITY
    const line = (event: SessionEvent) => (given.json ? jsonLine(event) : eventLine(event, width))
    const reader = eventReader(record.id, bootTime(), agent.signals.hook)
    if (given.follow) {
      const runs = async () =>
        (await ask(backend.life.state(handle), context.effects(backend)).catch(() => null))?.status === 'running'
      for await (const event of followEvents(handle.folder, { reader, runs })) context.answer(line(event))
      return 0
    }
    const { bytes, size } = readPiece(handle.folder, 0)
    const events = reader.read(bytes)
    if (events.length > 0) context.answer(events.map((event) => `${line(event)}\n`).join(''))
    else context.note('no events yet')
    const skipped = reader.skipped()
    if (skipped > 0)
      context.warn(`skipped ${skipped === 1 ? 'a line' : `${skipped} lines`} that no hook wrote: the box can write there`)
    if (size >= EVENTS_LIMIT) context.warn(`the record is full at ${EVENTS_LIMIT / 1024 ** 2} MiB: what came later was not kept`)
    return 0
  },
})
