import type { Place } from '../../box/cluster.ts'
import type { Part } from '../../box/handle.ts'
import { SESSION_ID } from '../../box/session-id.ts'
import { exec } from '../../plan/plan.ts'
import type { Query } from '../../plan/query.ts'
import type { Inventory } from '../backend.ts'
import { kubectl, OWNER, ofSession, REST } from './names.ts'

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
      // The label may be anybody's, and name anything else of the namespace.
      return SESSION_ID.test(id) ? [{ kind, id, owner, role, created, active }] : []
    })
    return [...Map.groupBy(rows, ({ id }) => id)].map(([id, all]) => partOf(id, all, place))
  },
})

type Row = Readonly<Record<'kind' | 'owner' | 'role' | 'created' | 'active', string>>

function partOf(id: string, all: readonly Row[], cluster: Place): Part {
  const jobs = all.filter(({ kind }) => kind === 'Job')
  const hasWorkspace = all.some(({ role }) => role === 'workspace')
  return {
    kind: hasWorkspace ? 'volume' : 'container',
    reference: id,
    session: id,
    role: jobs.length > 0 ? 'agent' : hasWorkspace ? 'workspace' : 'rest',
    running: jobs.some(({ active }) => Number(active) > 0),
    // Of the newest: a start makes one after the other.
    created:
      all
        .map(({ created }) => created)
        .toSorted()
        .at(-1) ?? '',
    workspace: '',
    shared: { cluster, owner: ownerOf(all) },
  }
}

/** Whose a session is says its Job, else its proxy, else its workspace: anybody can give its id to an object beside them. Two owners are none. */
function ownerOf(all: readonly Row[]): string {
  const [chief = all.filter(({ owner }) => owner !== '')] = CHIEFS.map((kind) => all.filter((one) => one.kind === kind)).filter(
    (some) => some.length > 0,
  )
  const owners = [...new Set(chief.map(({ owner }) => owner))]
  return owners.length === 1 ? (owners[0] ?? '') : ''
}

const CHIEFS = ['Job', 'Deployment', 'PersistentVolumeClaim']

/** All of these sessions but their HOME; where a mark alone says that one is ours, what bears the mark. */
export const removeRemains: Inventory['removeParts'] = (all) =>
  all.flatMap(({ reference, shared, mark = '' }) => {
    if (shared === undefined) return []
    const own = mark === '' ? '' : `,${OWNER}=${mark}`
    const remove = (kinds: string, selector: string) =>
      exec(kubectl(shared.cluster, 'delete', kinds, selector, '--ignore-not-found', '--cascade=foreground', '--wait=true'))
    return [remove('job', `${ofSession(reference)},paude.role=agent${own}`), remove(REST, `${ofSession(reference)}${own}`)]
  })
