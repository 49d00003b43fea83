import { type BackendName, backendNames } from '../../backends/names.ts'
import { isolates } from '../../backends/pick.ts'
import { backends } from '../../backends/registry.ts'
import { setKey } from '../../config/files/edit.ts'
import { loadConfig } from '../../config/layers/load.ts'
import type { Context } from '../../context.ts'
import { wayToUse } from '../../doctor/engine-checks.ts'
import { askEngines, type EngineState, isAsked } from '../../doctor/engines.ts'
import { PaudeError } from '../../errors.ts'
import { changeFile } from '../../project/editable.ts'
import { askAgain, canAsk, readAnswer } from '../config/start-config.ts'

/** Tells which engines there are, and keeps the user's choice among several. Which one runs boxes here is a matter of the machine, not of the project. */
export async function initEngine(
  context: Context,
  { wanted, sure }: { wanted: string | undefined; sure: boolean },
): Promise<void> {
  const { host, note, warn } = context
  const { settings, origins } = await loadConfig(host, context.flags)
  // A cluster is asked when it is named.
  const named = backendNames.find((name) => name === wanted) ?? settings.backend
  const all = await askEngines(host, { ...settings, backend: named })
  // Nobody is offered one that isolates nothing.
  const engines = all.filter(({ name, remote }) => remote === undefined && (isolates(backends[name]) || name === named))
  // What cannot be on this machine, or is asked only by name, is no news here.
  const told = engines.filter(
    ({ name, state }) =>
      name === named ||
      (isAsked(backends[name], { backend: named }) && (state !== 'not installed' || backends[name].health.unfit(host) === '')),
  )
  for (const { name, state, version, why } of told) note(`${name}: ${state === 'ready' ? version : `${state}: ${why}`}`)
  const ready = engines.filter(({ state }) => state === 'ready').map(({ name }) => name)
  if (ready.length === 0) for (const engine of told) warn(`${engine.name} does not work; to fix this: ${wayToUse(engine)}`)
  const decided = origins.backend[0]?.layer !== 'default'
  const open = wanted === undefined && !decided && ready.length > 1 && !sure && canAsk(context)
  const choice = open
    ? askAgain(context, () =>
        readEngine(
          readAnswer(context, `which engine? auto uses the first that works at each start [AUTO/${ready.join('/')}]: `),
          engines,
        ),
      )
    : wanted
  const name = choice === undefined ? undefined : readEngine(choice, engines)
  if (name === undefined || name === settings.backend) return
  const { file } = await changeFile(host, false, (editable) => setKey(editable, 'backend', name))
  note(`${file}: backend = "${name}"`)
}

/** `auto` for no answer, since a name would be missed on the day that only another one works. An engine that cannot be used now is no choice. */
function readEngine(word: string, engines: readonly EngineState[]): 'auto' | BackendName {
  if (word === '' || word === 'auto') return 'auto'
  const engine = engines.find(({ name }) => name === word)
  if (engine === undefined)
    throw new PaudeError('usage', `unknown engine ${JSON.stringify(word)}`, { hint: `auto, ${backendNames.join(' or ')}` })
  if (engine.state !== 'ready')
    throw new PaudeError('backend-missing', `${engine.name} does not work: ${engine.why}`, { hint: wayToUse(engine) })
  return engine.name
}
