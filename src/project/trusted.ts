import type { Context } from '../context.ts'
import { auditAlone } from '../sinks/audit.ts'
import { trustFolder } from '../state.ts'
import { type Approval, type Asked, approve, revoke } from './trust.ts'

/** Keeps the user's word about a file of a project, and notes in the audit log what it loosens. */
export async function trustFile(context: Pick<Context, 'host' | 'warn'>, asked: Asked): Promise<void> {
  approve(trustFolder(context.host), asked, new Date())
  await auditAlone(context, { event: 'trust', file: asked.file, keys: asked.items.map(keyOf) })
}

/** Takes it back. */
export async function distrustFile(context: Pick<Context, 'host' | 'warn'>, { file }: Pick<Approval, 'file'>): Promise<void> {
  revoke(trustFolder(context.host), file)
  await auditAlone(context, { event: 'untrust', file })
}

/** A value may be secret; a host is what the log is for. */
const keyOf = (item: string): string => (item.startsWith('network.allow = ') ? item : (item.split(' = ')[0] ?? ''))
