import { randomUUID } from 'node:crypto'
import { agentOfRecord } from '../../agents/registry.ts'
import { namesConversation } from '../../agents/words.ts'
import type { Backend } from '../../backends/backend.ts'
import { isolates } from '../../backends/pick.ts'
import { backends } from '../../backends/registry.ts'
import type { Handle } from '../../box/handle.ts'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import { ask } from '../../run/ask.ts'
import { question } from '../../run/question.ts'
import { findSession } from '../../session/life/find.ts'
import { conversationOf, notedConversation, openOut } from '../../session/record/out.ts'
import { modeOf } from '../../session/record/record.ts'
import { printable } from '../../text.ts'
import { session } from '../args.ts'
import { COPIES } from '../front-flags.ts'
import { readable } from '../screen/readable.ts'
import { verb } from '../verb.ts'
import { startSession } from './start.ts'

export default verb({
  description: 'Copy a conversation into a new sandbox',
  details: 'The original does not change, and can keep running.',
  caller: 'agent',
  front: COPIES,
  starts: true,
  examples: [
    ['paude fork', 'the conversation of this directory'],
    ['paude fork fix-login --detach --session-name other-way', 'in the background, with a name'],
    ['paude fork b7k -- -p "what have we decided?"', 'one question in a copy'],
  ],
  args: {
    session,
    words: { type: 'positional', rest: true, description: 'Arguments of the agent' },
  },
  async run(context, given) {
    const { record, handle } = await findSession(context, given.session, 'running')
    const known = agentOfRecord(record)
    if (known === null)
      throw new PaudeError('unsupported', `session ${record.id} runs a command, not an agent, so it has no conversation`)
    const { conversation: kind, grammar, title } = known
    // One that chooses its id tells it only with the first prompt.
    const tells = kind?.begin !== null
    const copy = kind?.fork ?? null
    if (copy === null) throw new PaudeError('unsupported', `${title} of session ${record.id} cannot copy a conversation`)
    const named = namesConversation(grammar, given.words)
    if (named !== '')
      throw new PaudeError('usage', `paude fork chooses the conversation itself, found ${named}`, {
        hint: named.startsWith('-') ? `leave it out, or use paude ${named} --fork-session` : 'leave it out',
      })
    if (record.remote !== undefined)
      throw new PaudeError('unsupported', `session ${record.id} is on another machine, where paude copies no conversation`, {
        hint: `paude start ${record.id} continues it`,
      })
    const { backend = 'auto' } = context.flags
    if (backend !== 'auto' && backend !== record.backend)
      throw new PaudeError('unsupported', `the conversation of ${record.id} is in a volume of ${record.backend}`, {
        hint: `leave --backend ${backend} out`,
      })
    const conversation = conversationOf(handle.folder, record)
    if (conversation === '')
      throw new PaudeError('not-found', `session ${record.id} has no conversation yet`, {
        hint: `paude attach ${record.id}, and write a prompt first`,
      })
    return startSession(
      // The conversation belongs to the project: so does the copy, wherever it is asked for.
      { ...context, host: { ...context.host, cwd: record.worktree?.project ?? record.directory } },
      {
        run: {
          kind: 'agent',
          words: copy(conversation, randomUUID(), given.words),
          origin: { conversation, session: record.id },
        },
        flags: {
          ...context.flags,
          agent: record.agent,
          backend: record.backend,
          // An agent that was kept off your folder does not get it by a copy.
          ...(modeOf(record) === 'bind' || context.flags.workspaceMode !== undefined ? {} : { workspaceMode: modeOf(record) }),
          ...(record.overlays.length === 0 || context.flags.workspaceMode !== undefined
            ? {}
            : { overlay: record.overlays.map(({ path }) => path) }),
        },
        ...(tells && isolates(backends[record.backend])
          ? { check: (backend: Backend, handle: Handle) => requireCopy(context, backend, handle) }
          : {}),
      },
    )
  },
})

/** Seconds until a box in the background that said nothing is believed. */
const PATIENCE = 30

/** Lasts until the copy is there; throws the box's own words when it ended before. */
async function requireCopy(context: Context, backend: Backend, handle: Handle): Promise<void> {
  for (const end = Date.now() + PATIENCE * 1000; Date.now() < end; await Bun.sleep(100)) {
    if (notedConversation(handle.folder) !== '') return
    const { status, exitCode } = await ask(backend.life.state(handle), context.effects(backend))
    if (status !== 'exited' || exitCode === 0) continue
    const text = await lastWords(backend, handle)
    throw new PaudeError('refused', text.replace(/^paude: /, '') || `the copy ended at once with exit code ${exitCode}`)
  }
}

async function lastWords(backend: Backend, handle: Handle): Promise<string> {
  const file = openOut(handle.folder, 'stderr')
  const text = file === null ? '' : Buffer.from(file.read()).toString()
  file?.close()
  const { stdout, stderr } = await question(backend.life.logs(handle, { follow: false }))
  return printable(
    readable(text || stdout + stderr)
      .split('\n')
      .at(-1) ?? '',
  ).slice(0, 500)
}
