import { loadConfig } from '../config/load.ts'
import type { Config } from '../config/settings.ts'
import { PaudeError } from '../errors.ts'
import type { Context } from './context.ts'
import { type Judged, readProject } from './project-config.ts'
import { settle } from './start-config.ts'

/** What a start here would take, for commands that only tell of it. `fault` is why the project's own files were left out. */
export type ConfigHere = {
  readonly config: Config
  readonly judged: readonly Judged[]
  /** Those that wait for the user's word. */
  readonly open: readonly Judged[]
  readonly fault: PaudeError | null
}

/** A broken file of the project's ends a start, but not the command that is to find out why. */
export async function configHere(context: Context): Promise<ConfigHere> {
  try {
    const project = await readProject(context, context.flags)
    return { ...settle(context, project), judged: project.judged, fault: null }
  } catch (error) {
    if (!(error instanceof PaudeError)) throw error
    // A fault of the user's own file is thrown again here.
    return { config: await loadConfig(context.host, context.flags), judged: [], open: [], fault: error }
  }
}
