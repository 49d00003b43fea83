import type { Config } from '../../config/keys/settings.ts'
import { configWithoutFiles, loadConfig } from '../../config/layers/load.ts'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import { type Judged, readProject } from '../../project/judge.ts'
import { settle } from './start-config.ts'

/** What a start here would take, for commands that only tell of it. `fault` is why the files were left out that `broken` names: the project's, or all. */
export type ConfigHere = {
  readonly config: Config
  readonly judged: readonly Judged[]
  /** Those that wait for the user's word. */
  readonly open: readonly Judged[]
  readonly fault: PaudeError | null
  readonly broken: 'none' | 'project' | 'all'
}

/** A broken file ends a start, but not the command that is to find out why. */
export async function configHere(context: Context): Promise<ConfigHere> {
  const { host, flags } = context
  try {
    const project = await readProject(context, flags)
    if (project.ignored !== '') context.note(project.ignored)
    return { ...settle(context, project), judged: project.judged, fault: null, broken: 'none' }
  } catch (fault) {
    if (!(fault instanceof PaudeError)) throw fault
    const left = { judged: [], open: [], fault }
    try {
      return { ...left, config: await loadConfig(host, flags), broken: 'project' }
    } catch {
      // What is wrong with a variable or a flag is thrown here.
      return { ...left, config: configWithoutFiles(host, flags), broken: 'all' }
    }
  }
}
