import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { COLUMNS, expectedOf, SCENARIOS } from '../test/support/scenarios.ts'

/** `bun scripts/conformance.ts`: writes docs/conformance.md from what the last runs of the end-to-end tests kept below .cache. */
const root = join(import.meta.dir, '..')

/** What came of each scenario on a backend, as test/e2e/conformance.ts keeps it. */
function reportOf(backend: string): Readonly<Record<string, string>> {
  const file = join(root, '.cache/conformance', `${backend}.json`)
  if (!existsSync(file)) throw new Error(`${backend} was not played: ${file} is not there`)
  return JSON.parse(readFileSync(file, 'utf8')) as Readonly<Record<string, string>>
}

/** The page; a scenario that came out otherwise than expected is an error, so that no table says what does not hold. */
export function conformancePage(came: (backend: string) => Readonly<Record<string, string>>): string {
  const reports = COLUMNS.map(([backend]) => [backend, came(backend)] as const)
  const rows = SCENARIOS.map((scenario) => {
    const cells = reports.map(([backend, report]) => {
      const outcome = report[scenario.name]
      if (outcome !== expectedOf(scenario, backend)) throw new Error(`${backend}, ${scenario.name}: ${outcome ?? 'not played'}`)
      return outcome === 'holds' ? 'yes' : (outcome.split(':')[0] ?? '')
    })
    return `| ${[scenario.name, ...cells].join(' | ')} |`
  })
  const head = ['', ...COLUMNS.map(([, title]) => title)]
  const absent = SCENARIOS.flatMap(({ name, absent = {} }) =>
    Object.entries(absent).map(([backend, why]) => `- ${name}: on ${backend} ${why}.`),
  )
  return [
    '# What holds on every backend',
    '',
    `The end-to-end tests play the same ${SCENARIOS.length} scenarios on every backend, in a clone of the project, with the shell as the agent (on zellij: in the`,
    'folder itself, with an agent that answers). This table was written from their last runs, on docker 20.10, podman 4.3, Kubernetes 1.33',
    "and zellij 0.45. Apple's `container` was never run: a program that keeps its grammar stands in for it.",
    '',
    '`yes`: it holds. `refused`: paude says that it is not possible there, and nothing is done. `absent`: there is nothing to ask.',
    '',
    `| ${head.join(' | ')} |`,
    `| ${head.map(() => '---').join(' | ')} |`,
    ...rows,
    '',
    ...absent,
    '',
    '[`paude selftest`](security.md) asks more about the wall, on your own machine. [The backends](backends.md) have their limits on their pages.',
    '',
  ].join('\n')
}

if (import.meta.main) writeFileSync(join(root, 'docs/conformance.md'), conformancePage(reportOf))
