import { exec, type Plan } from '../../plan/plan.ts'
import type { Images } from '../backend.ts'
import { bind, type Dialect } from './flags.ts'

/** One container, once for each engine and version. The file gets its name when it is whole: two starts may do this at the same time. */
export function initPlan(dialect: Dialect, reference: string, { folder: path, user }: Parameters<Images['init']>[1]): Plan {
  const script = 'cp /usr/lib/paude/init "/paude/kit/init.$1" && mv -f "/paude/kit/init.$1" /paude/kit/init'
  return [
    exec([
      dialect.name,
      ...['run', '--rm', '--label=paude.role=helper', '--pull=never', '--network=none', '--cap-drop=ALL'],
      ...['--security-opt=no-new-privileges', '--read-only', ...dialect.always],
      `--user=${user.uid}:${user.gid}`,
      ...dialect.probe(user.uid),
      bind(path, '/paude/kit', false),
      '--entrypoint=/usr/bin/bash',
      ...[reference, '-c', script, 'bash', String(process.pid)],
    ]),
  ]
}
