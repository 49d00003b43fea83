import { type Check, ok, warning } from './check.ts'
import { older } from './version.ts'

/** A hole that newer releases have closed, and what it means for a box. */
type Advisory = {
  readonly names: readonly string[]
  readonly harm: string
  /** Releases that closed it, one for each line that is still kept. */
  readonly fixed: readonly string[]
  readonly affects: (version: string) => boolean
}

const DOCKER: readonly Advisory[] = [
  {
    names: ['CVE-2024-29018'],
    harm: 'names leak out of internal networks; a restricted session has no such network and no resolver, other containers of yours may',
    fixed: ['23.0.11', '25.0.5', '26.0.0'],
    affects: (version) => older(version, '23.0.11') || (!older(version, '24') && older(version, '25.0.5')),
  },
  {
    // docker's release notes of 25.0.2; the notes of 24.0.9 say that it has no fix.
    names: ['CVE-2024-23651', 'CVE-2024-23652', 'CVE-2024-23653'],
    harm: "a hostile Dockerfile reaches the machine's files while BuildKit builds it",
    fixed: ['25.0.2'],
    affects: (version) => older(version, '25.0.2'),
  },
]

const PODMAN: readonly Advisory[] = [
  {
    names: ['CVE-2024-1753'],
    harm: "a hostile Dockerfile mounts the machine's root while it is built",
    fixed: ['4.9.4', '5.0.1'],
    affects: (version) => older(version, '4.9.4') || (!older(version, '5') && older(version, '5.0.1')),
  },
  {
    names: ['CVE-2024-9407', 'CVE-2024-9675'],
    harm: "the --mount of a hostile Dockerfile's RUN reaches the machine's files",
    fixed: ['5.2.5'],
    affects: (version) => older(version, '5.2.5'),
  },
]

const RUNC: readonly Advisory[] = [
  {
    names: ['CVE-2024-21626'],
    harm: "a hostile image starts in the machine's own file system",
    fixed: ['1.1.12'],
    affects: (version) => older(version, '1.1.12'),
  },
  {
    names: ['CVE-2025-31133', 'CVE-2025-52565', 'CVE-2025-52881'],
    harm: 'a container that races its own mounts breaks out',
    fixed: ['1.2.8', '1.3.3', '1.4.0'],
    affects: (version) =>
      older(version, '1.2.8') || (!older(version, '1.3') && older(version, '1.3.3')) || /^1\.4\.0-rc\.?[12]\b/.test(version),
  },
]

/** What is known against a program of this release. Debian and others mend without a new number, so it is never a problem by itself. */
export function advisoryChecks(program: 'docker' | 'podman' | 'runc', version: string): readonly Check[] {
  const known = { docker: DOCKER, podman: PODMAN, runc: RUNC }[program].filter(({ affects }) => affects(version))
  if (version === '' || known.length === 0) return program === 'runc' && version !== '' ? [ok('runc', version)] : []
  const debian = /[+~](ds|dfsg)/.test(version)
  const holes = known.map(({ names, harm, fixed }) => `${names.join(', ')} (${harm}; closed in ${fixed.join(', ')})`)
  return [
    warning(
      `${program} advisories`,
      `${version} by its number has ${holes.join('; ')}${debian ? '. Debian mends old releases under the same number' : ''}`,
      debian
        ? `sudo apt-get install --only-upgrade ${PACKAGES[program]} && apt-get changelog ${PACKAGES[program]} | grep CVE`
        : `upgrade ${program} to ${known.at(-1)?.fixed.join(', ')} or later`,
    ),
  ]
}

const PACKAGES = { docker: 'docker.io', podman: 'podman', runc: 'runc' } as const
