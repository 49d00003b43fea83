import { delimiter, isAbsolute, join } from 'node:path'
import { PaudeError } from '../errors.ts'
import { type Host, isOfProject } from '../host.ts'
import { quoted } from '../text.ts'

/** Clients that start programs which a file of theirs names, such as one that logs in, and that file. */
const OBEYED: Readonly<Record<string, Obeyed>> = {
  kubectl: { variable: 'KUBECONFIG', usual: '.kube/config' },
}

/** Files that say which flags and which other names a client's verbs have. `off` in the variable means none. */
const PREFERRED: Readonly<Record<string, Obeyed>> = {
  kubectl: { variable: 'KUBERC', usual: '.kube/kuberc' },
}

/** The variable for such files, and where one is without it. */
type Obeyed = { readonly variable: string; readonly usual: string }

/** The files that a client obeys, in its order; none for a client that starts nothing of the kind. */
export function clientFiles(program: string, { env, home }: Pick<Host, 'env' | 'home'>): readonly string[] {
  const obeyed = OBEYED[program]
  if (obeyed === undefined) return []
  const named = (env[obeyed.variable] ?? '').split(delimiter).filter((path) => path !== '')
  return named.length > 0 ? named : [join(home, obeyed.usual)]
}

/** One file, so that no character of its name parts it. */
function preferenceFiles(program: string, { env, home }: Pick<Host, 'env' | 'home'>): readonly string[] {
  const preferred = PREFERRED[program]
  if (preferred === undefined) return []
  const named = env[preferred.variable] ?? ''
  return named === 'off' ? [] : [named === '' ? join(home, preferred.usual) : named]
}

/** Refuses files where an agent may write: what they name runs on this machine. */
export function requireOwnFiles(program: string, host: Pick<Host, 'env' | 'home'>): void {
  const error = foreignFiles(program, host)
  if (error !== null) throw error
}

/** Why a client must not be started with its files; null when it may be. */
export const foreignFiles = (program: string, host: Pick<Host, 'env' | 'home'>): PaudeError | null =>
  foreign(program, { host, files: clientFiles(program, host), ...(OBEYED[program] ?? NONE) }) ??
  foreign(program, { host, files: preferenceFiles(program, host), ...(PREFERRED[program] ?? NONE) })

const NONE: Obeyed = { variable: '', usual: '' }

type Files = Obeyed & { readonly host: Pick<Host, 'env' | 'home'>; readonly files: readonly string[] }

function foreign(program: string, { host, files, variable, usual }: Files): PaudeError | null {
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
