import type { BackendName } from '../backends/names.ts'
import { type Check, ok, problem, warning } from './check.ts'
import type { EngineState } from './engines.ts'
import { older } from './version.ts'

/** Oldest versions that paude is tested with. */
const FLOORS: Readonly<Record<BackendName, string>> = { docker: '20.10', podman: '4.3' }

export const INSTALL: Readonly<Record<BackendName, string>> = {
  docker: 'sudo apt install docker.io',
  podman: 'sudo apt install podman',
}

/** Installed, running, permitted and new enough? One usable engine is enough; without any it is a problem. */
export function engineChecks(engines: readonly EngineState[]): readonly Check[] {
  const ready = engines.filter(({ state }) => state === 'ready')
  const rows = engines.flatMap((engine) =>
    engine.state === 'ready' ? [readyCheck(engine)] : [unready(engine, ready.length > 0)],
  )
  const runtimes = new Set(ready.flatMap(({ runtime }) => (runtime.startsWith('runc ') ? [runtime.slice('runc '.length)] : [])))
  return [
    ...(ready.length > 0 ? [] : [problem('engine', 'no container engine can be used', INSTALL.podman)]),
    ...rows,
    ...[...runtimes].map((version) => ok('runc', `${version}; security fixes: ${FIXES.runc}`)),
  ]
}

function unready(engine: EngineState, anyReady: boolean): Check {
  const { name, state, why } = engine
  if (state === 'not installed') return anyReady ? ok(name, 'not installed') : warning(name, 'not installed', INSTALL[name])
  return (anyReady ? warning : problem)(name, `${state}: ${why}`, wayToUse(engine))
}

/** What makes an engine usable that is not. */
export function wayToUse({ name, state }: Pick<EngineState, 'name' | 'state'>): string {
  switch (state) {
    case 'ready':
      return ''
    case 'not installed':
      return INSTALL[name]
    case 'no permission':
      return `sudo usermod -aG ${name} "$USER", then log in again`
    case 'not running':
      return name === 'docker' ? 'sudo systemctl start docker, or open Docker Desktop' : 'podman info tells what is missing'
  }
}

function readyCheck({ name, version, rootless }: EngineState): Check {
  const floor = FLOORS[name]
  return older(version, floor)
    ? problem(name, `${version} is older than ${floor}`, `upgrade ${name} to ${floor} or later`)
    : ok(name, `${version}${rootless ? ', rootless' : ''}; security fixes: ${FIXES[name]}`)
}

/** Where each program says what its releases fixed: a table of our own would age inside the binary. */
const FIXES = {
  docker: 'https://docs.docker.com/engine/release-notes',
  podman: 'https://github.com/containers/podman/security/advisories',
  runc: 'https://github.com/opencontainers/runc/security/advisories',
} as const

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
