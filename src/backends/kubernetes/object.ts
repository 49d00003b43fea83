import { OWNER } from './names.ts'

/** An object of the cluster, as `kubectl apply` takes it. */
export type Manifest = {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly labels: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
  }
  readonly [field: string]: unknown
}

/** One object; what is not its name, labels or annotations stands beside them. */
export const object = (
  apiVersion: string,
  kind: string,
  {
    name,
    labels,
    annotations = {},
    ...rest
  }: {
    readonly name: string
    readonly labels: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
    readonly [field: string]: unknown
  },
): Manifest => ({
  apiVersion,
  kind,
  metadata: { name, labels: { ...labels, 'app.kubernetes.io/managed-by': 'paude' }, ...filled('annotations', annotations) },
  ...rest,
})

const filled = (key: string, table: Readonly<Record<string, string>>) => (Object.keys(table).length === 0 ? {} : { [key]: table })

/** The same with a label that says whose they are: who removes what is left of a session leaves that of others alone. */
export const marked = (mark: string, items: readonly Manifest[]): readonly Manifest[] =>
  mark === ''
    ? items
    : items.map((item) => ({ ...item, metadata: { ...item.metadata, labels: { ...item.metadata.labels, [OWNER]: mark } } }))

/** Several objects as one text. */
export const listText = (items: readonly Manifest[]): string =>
  `${JSON.stringify({ apiVersion: 'v1', kind: 'List', items }, null, 2)}\n`
