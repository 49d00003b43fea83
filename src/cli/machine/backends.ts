import { pickBackend } from '../../backends/pick.ts'
import { backendAt } from '../../backends/registry.ts'
import type { Can } from '../../box/can.ts'
import { titleOf } from '../../box/remote.ts'
import type { Context } from '../../context.ts'
import { askEngines, type EngineState } from '../../doctor/engines.ts'
import { PaudeError } from '../../errors.ts'
import { printable } from '../../text.ts'
import { json } from '../args.ts'
import { configHere } from '../config/config-here.ts'
import { READS } from '../front-flags.ts'
import { green, yellow } from '../streams/output.ts'
import { fit, table } from '../streams/table.ts'
import { verb } from '../verb.ts'

export default verb({
  description: 'List the engines that can run a sandbox',
  front: READS,
  examples: [
    ['paude backends', 'engines that can run a sandbox here, and those that cannot'],
    ['paude backends --json', 'the same for scripts, with all that each one can keep'],
  ],
  args: { json },
  async run(context, { json }) {
    const { config } = await configHere(context)
    const [engines, chosen] = await Promise.all([askEngines(context.host, config.settings), automatic(context)])
    const rows = engines.map((engine) => listed(engine, backendAt(engine.name, engine.remote).can, chosen))
    context.answer(
      json
        ? JSON.stringify(rows, null, 2)
        : table(
            ['NAME', 'STATE', 'VERSION', 'ISOLATION', 'ALLOWLIST', 'LIMITS', 'PROJECT', 'WHY'],
            rows.map(cells),
            fit(context.host),
          ),
    )
    return 0
  },
})

/** The backend that a start without --backend takes; '' when there is none. */
async function automatic({ host }: Context): Promise<string> {
  try {
    return (await pickBackend(host, 'auto')).name
  } catch (error) {
    if (error instanceof PaudeError) return ''
    throw error
  }
}

type Row = EngineState & {
  readonly auto: boolean
  readonly isolation: string
  readonly allowlist: boolean
  readonly limits: readonly string[]
  readonly can: Can
}

const listed = (engine: EngineState, can: Can, chosen: string): Row => ({
  ...engine,
  auto: engine.remote === undefined && engine.name === chosen,
  isolation: can.isolation,
  allowlist: can.networks.includes('restricted'),
  limits: can.limits,
  can,
})

/** How a project can come in. */
const PROJECT = { bind: 'mounted', volume: 'clone', host: 'your folder itself' } as const satisfies Record<
  Can['transports'][number],
  string
>

const cells = ({
  name,
  remote,
  state,
  version,
  rootless,
  isolation,
  allowlist,
  limits,
  can,
  why,
  auto,
}: Row): readonly string[] => [
  auto ? `${name} (auto)` : titleOf(name, remote),
  state === 'ready' ? green(state) : yellow(state),
  version === '' ? '-' : `${version}${rootless ? ' rootless' : ''}`,
  isolation,
  allowlist ? 'enforced' : 'no',
  limits.join(', '),
  can.transports.map((kind) => PROJECT[kind]).join(', '),
  printable(why) || (auto ? 'used without --backend' : ''),
]
