import type { Backend } from '../../backends/backend.ts'
import type { BackendName } from '../../backends/names.ts'
import { allBackends, backendAt } from '../../backends/registry.ts'
import type { Remote } from '../../box/remote.ts'
import type { Host } from '../../host.ts'
import { allRecords } from './store.ts'

type Placed = { readonly backend: BackendName; readonly remote?: Remote | undefined }

/** The backend that a record or a row of a list names. */
export const backendOf = ({ backend, remote }: Placed): Backend => backendAt(backend, remote)

/** The backends of this machine, and the engines of other machines on which known sessions are. */
export const enginesOf = (host: Host): readonly Backend[] => [
  ...allBackends,
  ...new Set(allRecords(host).flatMap((record) => (record.remote === undefined ? [] : [backendOf(record)]))),
]
