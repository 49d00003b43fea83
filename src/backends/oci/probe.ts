import { checkScript } from '../../image/embedded.ts'
import { PROBE_HOME } from '../../image/probed.ts'
import type { Argv } from '../../plan/plan.ts'
import type { Helper } from '../backend.ts'
import { type Dialect, helperFlags } from './flags.ts'

/** One container with a session's hardening that prints what `readProbe` reads. Its exit code says nothing about the image. */
export const probeArgv = (
  { client, always, probe }: Dialect,
  reference: string,
  who: { readonly uid: number; readonly gid: number; readonly agent: string } & Helper,
): Argv => [
  ...client,
  'run',
  '--rm',
  ...helperFlags(who),
  '--pull=never',
  '--network=none',
  ...always,
  '--read-only',
  '--cap-drop=ALL',
  '--security-opt=no-new-privileges',
  `--user=${who.uid}:${who.gid}`,
  ...probe(who.uid),
  '--pids-limit=256',
  '--memory=1g',
  '--log-driver=none',
  '--no-healthcheck',
  '--tmpfs=/tmp:rw,exec,nosuid,nodev,size=256m,mode=1777',
  '--workdir=/',
  `--env=HOME=${PROBE_HOME}`,
  '--env=LANG=C.UTF-8',
  '--entrypoint=/bin/sh',
  reference,
  '-c',
  checkScript,
  'check',
  who.agent,
]
