import { type BackendName, backendNames } from '../../backends/names.ts'
import { loadConfig } from '../../config/layers/load.ts'
import { PaudeError } from '../../errors.ts'
import { extraCaCertificates } from '../../image/ca.ts'
import type { Row } from '../../selftest/judge.ts'
import { selfTest } from '../../selftest/selftest.ts'
import { chooseImages } from '../../session/life/images.ts'
import { pickHere } from '../../session/resolve/far.ts'
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
    const backend = await pickHere(context, config, 'selftest')
    const extraCa = extraCaCertificates(host, config.settings.caFile)
    const images = await chooseImages(context, { settings: config.settings, extraCa, backend, kind: 'agent' })
    note(
      `testing the wall on ${backend.name}${network === 'ask' ? ', in ask mode' : ''}: paude starts two sessions and removes them again`,
    )
    const told = new Set<string>()
    const tell = (known: readonly Row[]) => {
      for (const area of new Set(known.map((row) => row.area)))
        if (!told.has(area))
          context.answer(
            areaLine(
              area,
              known.filter((row) => row.area === area),
            ),
          )
      for (const { area } of known) told.add(area)
    }
    const brief = !(given.json || given.verbose)
    const { engine, started, rows } = await selfTest({
      host,
      config,
      backend,
      images,
      version,
      effects: context.effects(backend),
      onArea: brief ? tell : undefined,
    })
    const broken = rows.filter(({ result }) => result === 'BROKEN').length
    if (given.json) context.answer(JSON.stringify({ version, backend: backend.name, engine, started, probes: rows }, null, 2))
    else {
      if (brief) tell(rows)
      const shown = brief ? rows.filter(({ result }) => result !== 'held') : rows
      if (shown.length > 0) context.answer(`${brief ? '\n' : ''}${claimsText(shown, fit(host))}`)
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

/** How the claims of an area went, in one line. Others are told while it is not known yet how wide they are. */
export function areaLine(area: string, rows: readonly Row[]): string {
  const held = rows.filter(({ result }) => result === 'held').length
  const aside = rows.filter(({ result }) => result === 'not applicable').length
  const broken = rows.length - held - aside
  return [
    broken > 0 ? red('✗') : green('✓'),
    area.padEnd(WIDEST),
    `${held} of ${rows.length} held${aside > 0 ? yellow(`, ${aside} not applicable`) : ''}${broken > 0 ? red(`, ${broken} BROKEN`) : ''}`,
  ].join('  ')
}

const WIDEST = 'capabilities'.length

/** Each claim with what was seen. */
export const claimsText = (rows: readonly Row[], layout: Fit): string =>
  table(['ID', 'AREA', 'RESULT', 'CLAIM', 'OBSERVED'], rows.map(cells), layout)

const cells = ({ id, area, claim, observed, result }: Row): readonly string[] => [
  id,
  area,
  result === 'held' ? green(result) : result === 'BROKEN' ? red(result) : yellow(result),
  claim,
  printable(observed),
]

/** The last line: how it went, in one sentence. */
function summary(rows: readonly Row[], engine: string): string {
  const count = (result: Row['result']) => rows.filter((row) => row.result === result).length
  const aside = count('not applicable') === 0 ? '' : `, ${count('not applicable')} not applicable`
  return count('BROKEN') === 0
    ? `the wall held on ${engine}: ${count('held')} of ${rows.length} claims${aside}`
    : `the wall is BROKEN on ${engine}: ${count('BROKEN')} of ${rows.length} claims${aside}`
}
