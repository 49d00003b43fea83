import type { Argv } from '../plan/plan.ts'
import { everything, yours } from './environment.ts'
import { attach } from './process.ts'

/** Signals that reach us alone; what a terminal sends reaches the whole group, and so the program too. */
const ALONE: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2']
const TYPED: readonly NodeJS.Signals[] = ['SIGINT', 'SIGQUIT']

/**
 * Runs a program in our place: on our streams and our terminal, with our signals. `inherits` says with what of our environment, below `env`.
 * Returns its exit code.
 */
export async function handOver(
  argv: Argv,
  {
    terminal,
    env,
    inherits = 'everything',
  }: { readonly terminal: boolean; readonly env: Record<string, string>; readonly inherits?: 'everything' | 'yours' },
): Promise<number> {
  const child = attach(argv, { stdin: true, terminal, instead: env, of: inherits === 'yours' ? yours : everything })
  const handlers = [...ALONE, ...TYPED].map((signal) => {
    const handler = () => (terminal && TYPED.includes(signal) ? undefined : child.kill(signal))
    process.on(signal, handler)
    return [signal, handler] as const
  })
  try {
    return await child.exited
  } finally {
    for (const [signal, handler] of handlers) process.off(signal, handler)
  }
}
