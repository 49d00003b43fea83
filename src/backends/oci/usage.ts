import type { Usage } from '../../box/handle.ts'
import { SESSION_ID } from '../../box/session-id.ts'
import type { Argv } from '../../plan/plan.ts'
import type { Inventory } from '../backend.ts'
import { parts } from './names.ts'

const FORMAT = '--format={{.Name}}\t{{.CPUPerc}}\t{{.MemUsage}}\t{{.PIDs}}'

/** One call for all: an engine takes a second to measure, however many there are. By name: podman fails for any container of others that is broken. */
export const usageQuery =
  (client: Argv): Exclude<Inventory['usage'], null> =>
  (boxes) => ({
    argv: [...client, 'stats', '--no-stream', '--no-trunc', FORMAT, ...boxes.map(({ id }) => parts(id).agent)],
    parse: (stdout) => stdout.split('\n').flatMap(usageOf),
  })

/** The box of a session has its id for a name. */
function usageOf(line: string): readonly Usage[] {
  const [session = '', cpus = '', memory = '', processes = ''] = line.split('\t')
  if (!SESSION_ID.test(session)) return []
  return [
    {
      session,
      cpus: Number((Number.parseFloat(cpus) / 100).toFixed(3)) || 0,
      memory: bytes(memory.split(' / ')[0] ?? ''),
      processes: Number.parseInt(processes, 10) || 0,
    },
  ]
}

const BINARY = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
const DECIMAL = ['B', 'kB', 'MB', 'GB', 'TB']

/** docker writes `1.5MiB`, and podman `1.5MB` for the decimal unit. */
function bytes(text: string): number {
  const [, number = '0', unit = 'B'] = /^([\d.]+)\s*(\w+)$/.exec(text) ?? []
  const [base, power] = unit.includes('i') ? ([1024, BINARY.indexOf(unit)] as const) : ([1000, DECIMAL.indexOf(unit)] as const)
  return power < 0 ? 0 : Math.round(Number(number) * base ** power)
}

type Ended = { readonly ExitCode?: number; readonly OOMKilled?: boolean }

/** An engine says so of a box, too, that lost one of its programs and went on. */
export const isOutOfMemory = ({ ExitCode, OOMKilled }: Ended): boolean => OOMKilled === true && ExitCode === 137

export const memoryEnds =
  (client: Argv): Exclude<Inventory['outOfMemory'], null> =>
  (boxes) => ({
    argv: [...client, 'container', 'inspect', '--format={{.Name}} {{json .State}}', ...boxes.map(({ id }) => parts(id).agent)],
    parse: (stdout) =>
      stdout
        .split('\n')
        .filter(Boolean)
        .flatMap((line) => {
          const at = line.indexOf(' ')
          // docker has a slash before the name.
          return isOutOfMemory(JSON.parse(line.slice(at)) as Ended) ? [line.slice(0, at).replace('/', '')] : []
        }),
  })
