import { join } from 'node:path'
import type { Argv } from '../plan/plan.ts'

/** Prints a tar of a copy of your agent's own set-up. A Mac's tar would add files of its own. */
export const importedTar = ({ store, name }: { readonly store: string; readonly name: string }): Argv => [
  ...(['env', 'COPYFILE_DISABLE=1', 'tar', '-c', '-f', '-', '-C'] as const),
  join(store, name),
  '.',
]
