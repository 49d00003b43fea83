import type { Grantee } from '../backend.ts'

/** What paude does in its namespace, as a Role says it. Nothing of it is of the whole cluster. */
export const RULES: readonly Rule[] = [
  { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list', 'watch', 'create', 'patch', 'delete'] },
  { apiGroups: [''], resources: ['pods/log'], verbs: ['get'] },
  // Newer clients open these streams with a GET, older ones with a POST.
  { apiGroups: [''], resources: ['pods/attach', 'pods/exec', 'pods/portforward'], verbs: ['get', 'create'] },
  {
    apiGroups: [''],
    resources: ['configmaps', 'persistentvolumeclaims', 'secrets', 'services'],
    verbs: ['get', 'list', 'create', 'patch', 'delete'],
  },
  { apiGroups: [''], resources: ['events'], verbs: ['list'] },
  { apiGroups: ['batch'], resources: ['jobs'], verbs: ['get', 'list', 'watch', 'create', 'patch', 'delete'] },
  { apiGroups: ['apps'], resources: ['deployments'], verbs: ['get', 'list', 'watch', 'create', 'patch', 'delete'] },
  {
    apiGroups: ['networking.k8s.io'],
    resources: ['networkpolicies'],
    verbs: ['get', 'list', 'create', 'patch', 'delete'],
  },
]

export type Rule = {
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly verbs: readonly string[]
}

/** The least Role and its RoleBinding to a user or a group, as JSON that `kubectl apply` takes. */
export const rightsManifest = (namespace: string, to: Grantee): string => {
  const metadata = { name: 'paude', namespace }
  const apiGroup = 'rbac.authorization.k8s.io'
  const list = {
    apiVersion: 'v1',
    kind: 'List',
    items: [
      { apiVersion: `${apiGroup}/v1`, kind: 'Role', metadata, rules: RULES },
      {
        apiVersion: `${apiGroup}/v1`,
        kind: 'RoleBinding',
        metadata,
        roleRef: { apiGroup, kind: 'Role', name: 'paude' },
        subjects: [{ kind: to.kind, name: to.name, apiGroup }],
      },
    ],
  }
  return `${JSON.stringify(list, null, 2)}\n`
}

type Right = { readonly resource: string; readonly verb: string }

/** Every single right, as `kubectl auth can-i --list` names resources: `deployments.apps`. */
const wanted: readonly Right[] = RULES.flatMap(({ apiGroups: [group = ''], resources, verbs }) =>
  resources.flatMap((resource) => verbs.map((verb) => ({ resource: group === '' ? resource : `${resource}.${group}`, verb }))),
)

/** What is missing in the table that `kubectl auth can-i --list --no-headers` prints. */
export function missingRights(table: string): readonly Right[] {
  const granted = table.split('\n').flatMap((line) => {
    const [, resource, names, verbs] = /^(\S+)\s+\[[^\]]*\]\s+\[([^\]]*)\]\s+\[([^\]]*)\]/.exec(line) ?? []
    // A right on single objects is none on those that a session makes.
    return resource === undefined || names !== '' ? [] : [{ resource, verbs: verbs?.split(' ') ?? [] }]
  })
  return wanted.filter(
    (right) =>
      !granted.some(
        ({ resource, verbs }) => isOf(right.resource, resource) && (verbs.includes(right.verb) || verbs.includes('*')),
      ),
  )
}

/** Whether a granted name stands for a resource: `*.*`, `*.apps`, or `*` for those of the core group. */
function isOf(resource: string, granted: string): boolean {
  if (granted === '*.*' || granted === resource) return true
  const [, group = ''] = /^[^.]+\.(.+)$/.exec(resource) ?? []
  return group === '' ? granted === '*' : granted === `*.${group}`
}

/** Rights by resource, for a sentence: `pods/exec (get, create), secrets (list)`. */
export const rightsText = (rights: readonly Right[]): string =>
  [...new Set(rights.map(({ resource }) => resource))]
    .map((resource) => `${resource} (${rights.flatMap((one) => (one.resource === resource ? [one.verb] : [])).join(', ')})`)
    .join(', ')
