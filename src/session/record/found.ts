import type { Backend } from '../../backends/backend.ts'
import type { Handle } from '../../box/handle.ts'
import type { SessionRecord } from './record.ts'

/** A session that was found, and the backend it lives on. */
export type Found = { readonly backend: Backend; readonly handle: Handle; readonly record: SessionRecord }
