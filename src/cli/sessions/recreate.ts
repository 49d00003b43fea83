import { agentOf } from '../../agents/registry.ts'
import { isUp } from '../../box/handle.ts'
import type { Layer } from '../../config/keys/settings.ts'
import type { Context } from '../../context.ts'
import { changesBetween } from '../../session/life/box-changes.ts'
import { findSession } from '../../session/life/find.ts'
import { type Prepared, prepareSession } from '../../session/life/prepare.ts'
import {
  againOf,
  keptFiles,
  madeOf,
  recreateSession,
  requireRecreatable,
  shownRecreation,
  stateBefore,
} from '../../session/life/recreate.ts'
import { lookBack, stopSession } from '../../session/life/stop.ts'
import type { Found } from '../../session/record/found.ts'
import { modeOf, type SessionRecord } from '../../session/record/record.ts'
import { requirePrivate } from '../../state.ts'
import { dryRun, session } from '../args.ts'
import { startConfig } from '../config/start-config.ts'
import { REMAKES } from '../front-flags.ts'
import { requireConfigFlags } from '../start/config-flags.ts'
import { noteLeft } from '../start/decide-import.ts'
import { forewarn } from '../start/forewarn.ts'
import { settled } from '../start/start.ts'
import { verb } from '../verb.ts'
import { afterSession } from './ask-review.ts'
import { noteRunning } from './running.ts'

/** Seconds that a running agent gets to finish. */
const GRACE = 10

export default verb({
  description: 'Give a session a new sandbox, with the image and the configuration of today',
  details:
    'Its id, HOME, clone or worktree, and conversation stay. What changes is told. Flags of its first start are not kept, but those of the agent are.',
  caller: 'agent',
  front: REMAKES,
  examples: [
    ['paude recreate fix-login', 'a stopped session, which then runs in the background'],
    ['paude recreate --force fix-login', 'one that runs: it is stopped first'],
    ['paude --memory 4g recreate fix-login', 'with another limit'],
  ],
  args: {
    session,
    force: { type: 'boolean', letter: 'f', description: 'Also recreate a running session: it is stopped first' },
    attach: { type: 'boolean', letter: 'a', description: 'Attach this terminal to it' },
    'dry-run': dryRun,
  },
  async run(context, given) {
    const found = await findSession(context, given.session, 'ended')
    requireRecreatable(found)
    requirePrivate(context.host)
    const [attached, force] = [given.attach === true, given.force === true]
    const state = await stateBefore(context, found, force)
    const runs = state !== null && isUp(state)
    const onFindings = (review: Parameters<typeof afterSession>[1]) => afterSession(context, review)
    const isDry = given['dry-run'] === true
    if (!runs && !isDry) await lookBack(context, found, onFindings)
    const decided = await prepared(context, found, isDry)
    const keeps = keptFiles(found, decided)
    for (const line of told(changesBetween(found.record, decided.record))) context.note(line)
    if (isDry) {
      context.answer(shownRecreation({ found, prepared: decided, keeps }))
      return 0
    }
    forewarn(context, decided)
    noteLeft(context, decided.around.imported)
    if (runs) await stopSession(context, found, { grace: GRACE, dryRun: false, onFindings })
    // What it did until it was stopped counts as what was there before.
    const last = runs ? await prepared(context, found, false) : decided
    const code = await recreateSession(context, found, {
      prepared: last,
      keeps: runs ? keptFiles(found, last) : keeps,
      state,
      attached,
    })
    if (code === 0 && !attached) noteRunning(context, found)
    return code
  },
})

const told = (changes: readonly string[]): readonly string[] =>
  changes.length === 0 ? ['image, network, mounts, limits and hardening are as before'] : changes

/** The start of today that such a session would be, in the place of it. */
async function prepared(outer: Context, found: Found, isDry: boolean): Promise<Prepared> {
  const { record } = found
  const context = { ...outer, host: { ...outer.host, cwd: record.directory } }
  const config = await startConfig(context, {
    ...flagsOf(outer.flags, record),
    ...(isDry ? { dryRun: outer.flags.dryRun || true } : {}),
  })
  requireConfigFlags(context, config, true)
  const agent = agentOf(config.settings)
  const { run, decided } = await settled(context, { run: { kind: 'agent', words: record.words ?? [] }, config, agent })
  return await prepareSession(context, { config: decided, agent, run, made: madeOf(record), again: againOf(found) })
}

/** What is of the session: its agent, its backend, and how it has its workspace. Of a clone nothing is cloned again. */
const flagsOf = (flags: Layer, record: SessionRecord): Layer => ({
  ...flags,
  agent: record.agent,
  backend: record.backend,
  detach: true,
  workspaceMode: modeOf(record) === 'clone' || modeOf(record) === 'none' ? 'none' : 'bind',
  ...(record.overlays.length === 0 || flags.overlay !== undefined ? {} : { overlay: record.overlays.map(({ path }) => path) }),
})
