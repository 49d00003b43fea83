import type { Context } from '../../context.ts'
import { type Audited, auditAlone } from '../../sinks/audit.ts'
import type { SessionRecord } from './record.ts'

/** Notes in the audit log what is done with a session. That it cannot, as on a full disk, is said and stops nothing. */
export const audit = (
  context: Pick<Context, 'host' | 'warn'>,
  record: SessionRecord,
  what: Omit<Audited, 'session'>,
): Promise<void> =>
  auditAlone(context, {
    ...what,
    session: record.id,
    ...(record.name === '' ? {} : { name: record.name }),
    workspace: record.workspace,
    agent: record.agent,
    backend: record.backend,
    network: record.network,
  })
