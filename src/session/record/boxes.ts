import type { Backend } from '../../backends/backend.ts'
import type { Handle } from '../../box/handle.ts'
import type { Host } from '../../host.ts'
import { backendOf } from './engines.ts'
import { handleOf } from './record.ts'
import { allRecords, sessionFolder } from './store.ts'

/** The sessions of a backend that this machine has records of. They are read when they are asked for, once: an engine tells of its own. */
export function boxesOf(host: Host, backend: Backend): () => readonly Handle[] {
  let boxes: readonly Handle[] | null = null
  return () => {
    boxes ??= allRecords(host)
      .filter((record) => backendOf(record) === backend)
      .map((record) => handleOf(record, sessionFolder(host, record.id)))
    return boxes
  }
}
