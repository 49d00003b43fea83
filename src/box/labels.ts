import type { SessionSpec } from './spec.ts'

/** Labels of what a session consists of, from which a lost session folder is told again. */
export const sessionLabels = (
  spec: SessionSpec,
  role: 'agent' | 'proxy' | 'helper',
): Readonly<Record<'id' | 'role' | 'agent' | 'name' | 'workspace' | 'network' | 'version' | 'created', string>> => ({
  id: spec.id,
  role,
  agent: spec.agent,
  name: spec.name,
  workspace: spec.workspace,
  network: spec.network.mode,
  version: spec.version,
  created: spec.created,
})
