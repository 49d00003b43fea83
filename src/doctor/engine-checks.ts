import { type Check, ok, problem, warning } from '../backends/check.ts'
import type { BackendWish } from '../backends/names.ts'
import { isolates } from '../backends/pick.ts'
import { backendAt, backends, easiest } from '../backends/registry.ts'
import { older } from '../backends/version.ts'
import { titleOf } from '../box/remote.ts'
import { type EngineState, engineTitle } from './engines.ts'

/** Installed, running, permitted and new enough? One usable engine is enough, unless starts here use another one: `wanted`. */
export function engineChecks(engines: readonly EngineState[], wanted: BackendWish = 'auto'): readonly Check[] {
  // One that isolates nothing is nobody's engine who has not named it.
  // Nor is one of another machine.
  const counts = (engine: EngineState) =>
    engineTitle(engine) === wanted || (engine.remote === undefined && isolates(backends[engine.name]))
  const ready = engines.filter((engine) => engine.state === 'ready' && counts(engine))
  const rows = engines.flatMap((engine) =>
    engine.state === 'ready'
      ? [readyCheck(engine)]
      : [unready(engine, { isWanted: engineTitle(engine) === wanted, anyReady: ready.length > 0 || !counts(engine) })],
  )
  const runtimes = new Set(ready.flatMap(({ runtime }) => (runtime.startsWith('runc ') ? [runtime.slice('runc '.length)] : [])))
  return [
    ...(ready.length > 0 ? [] : [problem('engine', 'no engine works', easiest.health.mend.missing)]),
    ...rows,
    ...[...runtimes].map((version) => ok('runc', `${version}; security fixes: ${RUNC_FIXES}`)),
  ]
}

function unready(engine: EngineState, { isWanted, anyReady }: { readonly isWanted: boolean; readonly anyReady: boolean }): Check {
  const { state, why } = engine
  const name = engineTitle(engine)
  if (state === 'not asked') return ok(name, `${state}: ${why}`)
  if (isWanted) return problem(name, `${state}: ${why}`, wayToUse(engine))
  if (state === 'not installed') return anyReady ? ok(name, 'not installed') : warning(name, 'not installed', wayToUse(engine))
  return (anyReady ? warning : problem)(name, `${state}: ${why}`, wayToUse(engine))
}

/** What makes an engine usable that is not. */
export function wayToUse({ name, remote, state }: Pick<EngineState, 'name' | 'remote' | 'state'>): string {
  const { mend } = backendAt(name, remote).health
  switch (state) {
    case 'ready':
      return ''
    case 'not installed':
      return mend.missing
    case 'no permission':
      return mend.denied
    case 'not running':
      return mend.down
    case 'not answering':
      return mend.silent
    case 'not asked':
      return ''
  }
}

function readyCheck({ name: kind, remote, version, rootless }: EngineState): Check {
  const { tested, fixes } = backends[kind].health
  const name = titleOf(kind, remote)
  const [oldest] = tested
  const newest = tested.at(-1) ?? oldest
  if (older(version, oldest)) return problem(name, `${version} is older than ${oldest}`, `upgrade ${name} to ${oldest} or later`)
  // Fixes of a tested version are no other one.
  return older(newest, version.split('.').slice(0, newest.split('.').length).join('.'))
    ? warning(
        name,
        `${version} is newer than the tested versions (${tested.join(', ')})`,
        remote === undefined ? `paude --backend ${name} selftest checks the sandbox on it` : 'each start proves its wall anyway',
      )
    : ok(name, `${version}${rootless ? ', rootless' : ''}; security fixes: ${fixes}`)
}

/** Of what starts the containers of several engines. */
const RUNC_FIXES = 'https://github.com/opencontainers/runc/security/advisories'
