import { type BackendName, backendNames } from '../../backends/names.ts'
import { pickBackend } from '../../backends/pick.ts'
import { loadConfig } from '../../config/layers/load.ts'
import { PaudeError } from '../../errors.ts'
import { extraCaCertificates } from '../../image/ca.ts'
import type { Row } from '../../selftest/judge.ts'
import { selfTest } from '../../selftest/selftest.ts'
import { chooseImages } from '../../session/life/images.ts'
import { printable } from '../../text.ts'
import { json } from '../args.ts'
import { OF_SELFTEST } from '../front-flags.ts'
import { noteBoxed } from '../streams/boxed.ts'
import { green, red, yellow } from '../streams/output.ts'
import { type Fit, fit, table } from '../streams/table.ts'
import { verb } from '../verb.ts'

export default verb({
  description: 'Try every way out of a real sandbox',
  details: 'It starts a sandbox and a neighbour, and reports what it saw.',
  front: { takes: OF_SELFTEST, acts: true },
  examples: [
    ['paude selftest', 'on the first usable engine'],
    ['paude selftest --verbose', 'with every claim and its result'],
    [`paude --backend ${backendNames[1]} selftest --json`, `on ${backendNames[1]}, for scripts`],
  ],
  args: {
    backend: { type: 'string', valueHint: 'NAME', description: 'Engine to test (default: the one that a start uses)' },
    verbose: { type: 'boolean', description: 'Show every claim and its result' },
    json,
  },
  async run(context, given) {
    const { host, version, note } = context
    const loaded = await loadConfig(host, {
      ...context.flags,
      image: '',
      ...(given.backend === undefined ? {} : { backend: named(given.backend) }),
    })
    const network = loaded.settings.network === 'ask' ? 'ask' : 'restricted'
    const config = { ...loaded, settings: { ...loaded.settings, network } as const }
    const backend = await pickBackend(host, config.settings.backend)
    const extraCa = extraCaCertificates(host, config.settings.caFile)
    const images = await chooseImages(context, { settings: config.settings, extraCa, backend, kind: 'agent' })
    note(
      `testing the wall on ${backend.name}${network === 'ask' ? ', in ask mode' : ''}: paude starts two sessions and removes them again`,
    )
    const { engine, started, rows } = await selfTest({
      host,
      config,
      backend,
      images,
      version,
      effects: context.effects(backend),
    })
    const broken = rows.filter(({ result }) => result === 'BROKEN').length
    if (given.json) context.answer(JSON.stringify({ version, backend: backend.name, engine, started, probes: rows }, null, 2))
    else {
      context.answer(reportText(rows, { ...fit(host), verbose: given.verbose === true }))
      await noteBoxed(context, 'paude selftest', summary(rows, `${backend.name} ${engine.version}`))
    }
    return broken > 0 ? 1 : 0
  },
})

function named(name: string): BackendName | 'auto' {
  if (name === 'auto' || backendNames.some((known) => known === name)) return name as BackendName
  throw new PaudeError('usage', `there is no backend ${JSON.stringify(name)}`, {
    hint: `choose one of ${backendNames.join(', ')}`,
  })
}

/** A line for each area, and the claims that did not hold; `verbose` shows all of them. */
export function reportText(rows: readonly Row[], { verbose, ...layout }: Fit & { readonly verbose: boolean }): string {
  const claims = (list: readonly Row[]) => table(['ID', 'AREA', 'RESULT', 'CLAIM', 'OBSERVED'], list.map(cells), layout)
  if (verbose) return claims(rows)
  const areas = [...new Set(rows.map(({ area }) => area))].map((area) => {
    const own = rows.filter((row) => row.area === area)
    const held = own.filter(({ result }) => result === 'held').length
    const aside = own.filter(({ result }) => result === 'not applicable').length
    const broken = own.length - held - aside
    return [
      broken > 0 ? red('✗') : green('✓'),
      area,
      `${held} of ${own.length} held${aside > 0 ? yellow(`, ${aside} not applicable`) : ''}${broken > 0 ? red(`, ${broken} BROKEN`) : ''}`,
    ]
  })
  const [, ...lines] = table(['', '', ''], areas, layout).split('\n')
  const others = rows.filter(({ result }) => result !== 'held')
  return [...lines, ...(others.length === 0 ? [] : ['', claims(others)])].join('\n')
}

const cells = ({ id, area, claim, observed, result }: Row): readonly string[] => [
  id,
  area,
  result === 'held' ? green(result) : result === 'BROKEN' ? red(result) : yellow(result),
  claim,
  printable(observed),
]

/** The last line: how it went, in one sentence. */
export function summary(rows: readonly Row[], engine: string): string {
  const count = (result: Row['result']) => rows.filter((row) => row.result === result).length
  const aside = count('not applicable') === 0 ? '' : `, ${count('not applicable')} not applicable`
  return count('BROKEN') === 0
    ? `the wall held on ${engine}: ${count('held')} of ${rows.length} claims${aside}`
    : `the wall is BROKEN on ${engine}: ${count('BROKEN')} of ${rows.length} claims${aside}`
}
