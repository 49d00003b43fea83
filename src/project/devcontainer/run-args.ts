import { extraFlagFault } from '../../box/extra-flags.ts'
import { PaudeError } from '../../errors.ts'
import { shown } from '../../text.ts'
import { expand, type Scope } from './expand.ts'
import type { Devcontainer } from './schema.ts'

/** What every box has, or has otherwise: nothing is opened by leaving it out. */
const WITHOUT_EFFECT = ['--init', '--rm', '--interactive', '--tty', '-it', '-i', '-t', '--name', '--hostname', '-h'] as const

/** Further flags of the box, each one word. Those that open it are refused by name. */
export function readRunArgs(
  { runArgs = [], privileged, capAdd = [], securityOpt = [] }: Devcontainer,
  scope: Scope,
): { readonly flags: readonly string[]; readonly ignored: readonly string[] } {
  const asked = [
    ...words(runArgs.map((word, index) => expand(word, `runArgs[${index}]`, scope))).map((flag) => ['runArgs', flag] as const),
    ...(privileged === true ? [['privileged', '--privileged'] as const] : []),
    ...capAdd.map((name) => ['capAdd', `--cap-add=${name}`] as const),
    ...securityOpt.map((option) => ['securityOpt', `--security-opt=${option}`] as const),
  ]
  const idle = (flag: string) => WITHOUT_EFFECT.some((known) => flag === known || flag.startsWith(`${known}=`))
  for (const [key, flag] of asked) {
    const fault = idle(flag) ? null : extraFlagFault(flag)
    if (fault !== null)
      throw new PaudeError('refused', `${shown(scope.file)}: ${key}: ${shown(fault)}`, {
        hint: `take it out of ${key}, or go on without it: paude --devcontainer=off`,
      })
  }
  const flags = asked.map(([, flag]) => flag)
  return {
    flags: flags.filter((flag) => !idle(flag)),
    ignored: flags.filter(idle).map((flag) => `runArgs ${flag} (every box has its own)`),
  }
}

/** `--shm-size 1g` in two words is `--shm-size=1g`. */
function words(args: readonly string[]): readonly string[] {
  const joined: string[] = []
  for (let at = 0; at < args.length; at++) {
    const [word = '', next] = [args[at], args[at + 1]]
    const takesNext = word.startsWith('-') && !word.includes('=') && next !== undefined && !next.startsWith('-')
    joined.push(takesNext ? `${word}=${next}` : word)
    if (takesNext) at++
  }
  return joined
}
