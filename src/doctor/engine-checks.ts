import { type Check, ok, problem, warning } from '../backends/check.ts'
import type { BackendName } from '../backends/names.ts'
import { isolates } from '../backends/pick.ts'
import { backends, easiest } from '../backends/registry.ts'
import { older } from '../backends/version.ts'
import type { EngineState } from './engines.ts'

/** Installed, running, permitted and new enough? One usable engine is enough, unless starts here use another one: `wanted`. */
export function engineChecks(engines: readonly EngineState[], wanted: BackendName | 'auto' = 'auto'): readonly Check[] {
  // One that isolates nothing is nobody's engine who has not named it.
  const counts = ({ name }: EngineState) => isolates(backends[name]) || name === wanted
  const ready = engines.filter((engine) => engine.state === 'ready' && counts(engine))
  const rows = engines.flatMap((engine) =>
    engine.state === 'ready'
      ? [readyCheck(engine)]
      : [unready(engine, { isWanted: engine.name === wanted, anyReady: ready.length > 0 || !counts(engine) })],
  )
  const runtimes = new Set(ready.flatMap(({ runtime }) => (runtime.startsWith('runc ') ? [runtime.slice('runc '.length)] : [])))
  return [
    ...(ready.length > 0 ? [] : [problem('engine', 'no engine works', easiest.health.mend.missing)]),
    ...rows,
    ...[...runtimes].map((version) => ok('runc', `${version}; security fixes: ${RUNC_FIXES}`)),
  ]
}

function unready(engine: EngineState, { isWanted, anyReady }: { readonly isWanted: boolean; readonly anyReady: boolean }): Check {
  const { name, state, why } = engine
  if (state === 'not asked') return ok(name, `${state}: ${why}`)
  if (isWanted) return problem(name, `${state}: ${why}`, wayToUse(engine))
  if (state === 'not installed') return anyReady ? ok(name, 'not installed') : warning(name, 'not installed', wayToUse(engine))
  return (anyReady ? warning : problem)(name, `${state}: ${why}`, wayToUse(engine))
}

/** What makes an engine usable that is not. */
export function wayToUse({ name, state }: Pick<EngineState, 'name' | 'state'>): string {
  const { mend } = backends[name].health
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

function readyCheck({ name, version, rootless }: EngineState): Check {
  const { tested, fixes } = backends[name].health
  const [oldest] = tested
  const newest = tested.at(-1) ?? oldest
  if (older(version, oldest)) return problem(name, `${version} is older than ${oldest}`, `upgrade ${name} to ${oldest} or later`)
  // Fixes of a tested version are no other one.
  return older(newest, version.split('.').slice(0, newest.split('.').length).join('.'))
    ? warning(
        name,
        `${version} is newer than the tested versions (${tested.join(', ')})`,
        `paude --backend ${name} selftest checks the sandbox on it`,
      )
    : ok(name, `${version}${rootless ? ', rootless' : ''}; security fixes: ${fixes}`)
}

/** Of what starts the containers of several engines. */
const RUNC_FIXES = 'https://github.com/opencontainers/runc/security/advisories'
