import { exec, type Plan } from '../../plan/plan.ts'
import type { Images } from '../backend.ts'
import { KIT_SCRIPT } from '../first-program.ts'
import { bind, type Dialect } from './flags.ts'

/** One container, once for each engine and version. A file gets its name when it is whole, the first program the last: two starts may do this at
 * the same time. */
export function initPlan(dialect: Dialect, reference: string, { folder: path, user }: Parameters<Images['init']>[1]): Plan {
  return [
    exec([
      ...dialect.client,
      ...['run', '--rm', '--label=paude.role=helper', '--pull=never', '--network=none', '--cap-drop=ALL'],
      ...['--security-opt=no-new-privileges', '--read-only', ...dialect.always],
      `--user=${user.uid}:${user.gid}`,
      ...dialect.probe(user.uid),
      bind(path, '/paude/kit', false),
      '--entrypoint=/usr/bin/bash',
      ...[reference, '-c', KIT_SCRIPT, 'bash', String(process.pid)],
    ]),
  ]
}
