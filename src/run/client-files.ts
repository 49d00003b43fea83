import { delimiter, isAbsolute, join } from 'node:path'
import { PaudeError } from '../errors.ts'
import { type Host, isOfProject } from '../host.ts'
import { quoted } from '../text.ts'

/** Clients that start programs which a file of theirs names, such as one that logs in: the variable for such files, and where one is without it. */
const OBEYED: Readonly<Record<string, { readonly variable: string; readonly usual: string }>> = {
  kubectl: { variable: 'KUBECONFIG', usual: '.kube/config' },
}

/** The files that a client obeys, in its order; none for a client that starts nothing of the kind. */
export function clientFiles(program: string, { env, home }: Pick<Host, 'env' | 'home'>): readonly string[] {
  const obeyed = OBEYED[program]
  if (obeyed === undefined) return []
  const named = (env[obeyed.variable] ?? '').split(delimiter).filter((path) => path !== '')
  return named.length > 0 ? named : [join(home, obeyed.usual)]
}

/** Refuses files where an agent may write: what they name runs on this machine. */
export function requireOwnFiles(program: string, host: Pick<Host, 'env' | 'home'>): void {
  const error = foreignFiles(program, host)
  if (error !== null) throw error
}

/** Why a client must not be started with its files; null when it may be. */
export function foreignFiles(program: string, host: Pick<Host, 'env' | 'home'>): PaudeError | null {
  const files = clientFiles(program, host)
  const { variable = '', usual = '' } = OBEYED[program] ?? {}
  const relative = files.find((path) => !isAbsolute(path))
  if (relative !== undefined)
    return new PaudeError('refused', `${variable} names ${quoted(relative)}, which depends on the folder you are in`, {
      hint: `write the whole path: export ${variable}=$HOME/${usual}`,
    })
  const ofProject = files.find((path) => isOfProject(host, path))
  if (ofProject === undefined) return null
  return new PaudeError(
    'refused',
    `${program} would obey ${quoted(ofProject)}, which is in the project: an agent may have written it`,
    {
      hint: `move it out of the project, for example to ~/${usual}, and correct ${variable}`,
    },
  )
}
