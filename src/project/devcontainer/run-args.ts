import { extraFlagObjection, ONLY } from '../../box/extra-flags.ts'
import { expandOr, type Left, type Scope } from './expand.ts'
import type { Devcontainer } from './schema.ts'

/** What every box has, or has otherwise: nothing is opened by leaving it out. */
const WITHOUT_EFFECT = ['--init', '--rm', '--interactive', '--tty', '-it', '-i', '-t', '--name', '--hostname', '-h'] as const

/** In most templates of compiled languages; paude's own filter of system calls allows ptrace. */
const FOR_DEBUGGERS = /^--(cap-add=(CAP_)?SYS_PTRACE|security-opt=seccomp[=:]unconfined)$/i

/** Flags of the box, each one word, and variables that are set by flags. What would open the box is left out by name: that only closes. */
export function readRunArgs(
  { runArgs = [], privileged, capAdd = [], securityOpt = [] }: Devcontainer,
  scope: Scope,
  left: Left,
): { readonly flags: readonly string[]; readonly env: Readonly<Record<string, string>> } {
  const flags: string[] = []
  const env: Record<string, string> = {}
  for (const flag of words(runArgs)) {
    const [, variable] = /^(?:-e|--env)=(.*)$/s.exec(flag) ?? []
    if (variable !== undefined) {
      const [, name = '', value] = /^([^=]*)(?:=(.*))?$/s.exec(variable) ?? []
      // A name alone is the caller's variable, as an engine takes it.
      env[name] = value ?? `\${localEnv:${name}}`
      continue
    }
    const text = expandOr(flag, `runArgs ${flag}`, { scope, left })
    if (text === null) continue
    const why = objection(text)
    if (why === null) flags.push(text)
    else left(`runArgs ${text} (${why})`)
  }
  if (privileged === true) left(`privileged (${objection('--privileged')})`)
  for (const name of capAdd) left(`capAdd ${name} (${objection(`--cap-add=${name}`)})`)
  for (const option of securityOpt) left(`securityOpt ${option} (${objection(`--security-opt=${option}`)})`)
  return { flags, env }
}

function objection(flag: string): string | null {
  if (WITHOUT_EFFECT.some((known) => flag === known || flag.startsWith(`${known}=`))) return 'every sandbox has its own'
  if (FOR_DEBUGGERS.test(flag)) return 'debuggers work without it'
  const found = extraFlagObjection(flag)
  if (found === null) return null
  return found.why === ONLY ? 'not known to be harmless' : found.name === '' ? 'not a valid flag' : found.why
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
