import type { Place } from '../../box/cluster.ts'
import type { Part } from '../../box/handle.ts'
import { exec, type Plan } from '../../plan/plan.ts'
import type { Query } from '../../plan/query.ts'
import { removeAgent, removeParts } from './make.ts'
import { kubectl, OWNER, REST } from './names.ts'

/** One object a line. Of Secrets no more than this is printed. */
const COLUMNS = [
  '.kind',
  '.metadata.labels.paude\\.id',
  `.metadata.labels.${OWNER.replace('.', '\\.')}`,
  '.metadata.labels.paude\\.role',
  '.metadata.creationTimestamp',
  '.status.active',
]

/** What there is of sessions in a namespace, a part for each session: its agent, or what is left without one. */
export const remainsQuery = (place: Place): Query<readonly Part[]> => ({
  argv: kubectl(
    place,
    ...['--request-timeout=10s', 'get', `job,${REST}`, '--selector=paude.id'],
    `--output=jsonpath={range .items[*]}${COLUMNS.map((path) => `{${path}}`).join('{"\\t"}')}{"\\n"}{end}`,
  ),
  parse: (stdout) => {
    const rows = stdout.split('\n').flatMap((line) => {
      const [kind = '', id = '', owner = '', role = '', created = '', active = ''] = line.split('\t')
      return id === '' ? [] : [{ kind, id, owner, role, created, active }]
    })
    return [...Map.groupBy(rows, ({ id }) => id)].map(([id, all]) => partOf(id, all, place))
  },
})

type Row = Readonly<Record<'kind' | 'owner' | 'role' | 'created' | 'active', string>>

function partOf(id: string, all: readonly Row[], cluster: Place): Part {
  const job = all.find(({ kind }) => kind === 'Job')
  const hasWorkspace = all.some(({ role }) => role === 'workspace')
  const owners = new Set(all.flatMap(({ owner }) => (owner === '' ? [] : [owner])))
  return {
    kind: hasWorkspace ? 'volume' : 'container',
    reference: id,
    session: id,
    role: job !== undefined ? 'agent' : hasWorkspace ? 'workspace' : 'rest',
    running: Number(job?.active ?? 0) > 0,
    // Of the newest: a start makes one after the other.
    created:
      all
        .map(({ created }) => created)
        .toSorted()
        .at(-1) ?? '',
    workspace: '',
    // Two owners are none.
    shared: { cluster, owner: owners.size === 1 ? ([...owners][0] ?? '') : '' },
  }
}

/** All of these sessions but their HOME. */
export const removeRemains = (all: readonly Pick<Part, 'reference' | 'shared'>[]): Plan =>
  all.flatMap(({ reference, shared }) =>
    shared === undefined ? [] : [exec(removeAgent(shared.cluster, reference)), exec(removeParts(shared.cluster, reference))],
  )
