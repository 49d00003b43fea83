import type { BackendName } from '../backends/registry.ts'
import { type Check, ok, problem, warning } from './check.ts'
import type { EngineState } from './engines.ts'

/** Oldest versions that paude is tested with. */
const FLOORS: Readonly<Record<BackendName, string>> = { docker: '20.10', podman: '4.3' }

const INSTALL: Readonly<Record<BackendName, string>> = { docker: 'sudo apt install docker.io', podman: 'sudo apt install podman' }

/** Installed, running, permitted and new enough? One usable engine is enough; without any it is a problem. */
export function engineChecks(engines: readonly EngineState[]): readonly Check[] {
  const anyReady = engines.some(({ state }) => state === 'ready')
  const rows = engines.flatMap((engine) => (engine.state === 'ready' ? readyChecks(engine) : [unready(engine, anyReady)]))
  return anyReady ? rows : [problem('engine', 'no container engine can be used', INSTALL.podman), ...rows]
}

function unready({ name, state, why }: EngineState, anyReady: boolean): Check {
  if (state === 'not installed') return anyReady ? ok(name, 'not installed') : warning(name, 'not installed', INSTALL[name])
  const fix =
    state === 'no permission'
      ? `sudo usermod -aG ${name} "$USER", then log in again`
      : name === 'docker'
        ? 'sudo systemctl start docker, or open Docker Desktop'
        : 'podman info tells what is missing'
  return (anyReady ? warning : problem)(name, `${state}: ${why}`, fix)
}

function readyChecks({ name, version, rootless }: EngineState): readonly Check[] {
  const floor = FLOORS[name]
  const row = older(version, floor)
    ? problem(name, `${version} is older than ${floor}`, `upgrade ${name} to ${floor} or later`)
    : ok(name, `${version}${rootless ? ', rootless' : ''}`)
  return [row, ...(name === 'docker' && leaksNames(version) ? [NAMES_LEAK(version)] : [])]
}

/** CVE-2024-29018: fixed in 23.0.11, 25.0.5 and 26.0.0. */
const leaksNames = (version: string): boolean => older(version, '23.0.11') || (!older(version, '24') && older(version, '25.0.5'))

const NAMES_LEAK = (version: string): Check =>
  warning(
    'docker advisories',
    `${version} has CVE-2024-29018: names leak out of internal networks. A restricted session has no such network and no resolver, other containers of yours may`,
    'upgrade docker to 23.0.11, 25.0.5, 26.0.0 or later',
  )

/** Docker Desktop lets containers reach its engine before 4.44.3 (CVE-2025-9074). `platform` is as `docker version` names it. */
export function desktopChecks(platform: string): readonly Check[] {
  const version = /^Docker Desktop (\d+(?:\.\d+)*)/.exec(platform)?.[1]
  if (version === undefined) return []
  return older(version, '4.44.3')
    ? [
        problem(
          'docker desktop',
          `${version} has CVE-2025-9074: any container can reach the engine without its socket`,
          'update Docker Desktop to 4.44.3 or later',
        ),
      ]
    : [ok('docker desktop', version)]
}

/** Whether a version is lower, by its leading numbers. What bears no number is not judged. */
export function older(version: string, floor: string): boolean {
  const [have, need] = [numbers(version), numbers(floor)]
  if (have.length === 0) return false
  for (const [at, least] of need.entries()) {
    const part = have[at] ?? 0
    if (part !== least) return part < least
  }
  return false
}

const numbers = (version: string): readonly number[] =>
  (/^v?(\d+(?:\.\d+)*)/.exec(version)?.[1] ?? '').split('.').filter(Boolean).map(Number)
