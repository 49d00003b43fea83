import type { Engine } from '../../image/build.ts'
import { checkScript } from '../../image/embedded.ts'
import { PROBE_HOME } from '../../image/probed.ts'
import type { Argv } from '../../plan/plan.ts'

/** One container with a session's hardening that prints what `readProbe` reads. Its exit code says nothing about the image. */
export const probeArgv = (
  engine: Engine,
  reference: string,
  who: { readonly uid: number; readonly gid: number; readonly agent: string },
): Argv => [
  engine,
  'run',
  '--rm',
  '--pull=never',
  '--network=none',
  ...(engine === 'podman' ? ['--http-proxy=false', '--read-only-tmpfs=false'] : []),
  '--read-only',
  '--cap-drop=ALL',
  '--security-opt=no-new-privileges',
  `--user=${who.uid}:${who.gid}`,
  // Rootless: a uid of the host may lie outside the range of the default mapping. Root has no such mapping before podman 4.5.
  ...(engine === 'podman' && who.uid !== 0 ? ['--userns=keep-id'] : []),
  '--pids-limit=256',
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
