import { version } from '../../package.json'
import { main } from '../../src/cli/main.ts'
import { readHost } from '../../src/host.ts'
import { program } from './program.ts'

/** One call of paude: words, environment and folder. */
export type Call = { readonly words: readonly string[]; readonly env: Readonly<Record<string, string>>; readonly cwd: string }

/** Answers calls one after the other with what main returned, so that a call costs no start. Its streams are files of the caller's. */
process.on('disconnect', () => process.exit())
process.on('message', async ({ words, env, cwd }: Call) => {
  for (const name of Object.keys(process.env)) if (!(name in env)) delete process.env[name]
  Object.assign(process.env, env)
  process.chdir(cwd)
  const code = await main(words, { ...readHost(), again: program }, version)
  process.send?.(code)
})
