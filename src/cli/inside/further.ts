import type { Command } from '../../session/life/command.ts'
import { readVariables } from '../../session/resolve/variables.ts'
import { readTimeout } from '../args.ts'
import type { CommandContext } from '../verb.ts'

/** Flags of every verb that runs a further program in a sandbox. */
export const furtherArgs = {
  workdir: {
    type: 'string',
    letter: 'w',
    valueHint: 'DIR',
    description: 'Folder of the command in the sandbox (default: the directory of the session)',
  },
  env: {
    type: 'string',
    letter: 'e',
    many: true,
    valueHint: 'NAME[=VALUE]',
    description: 'Set an environment variable for the command; without a value, yours is passed',
  },
  timeout: {
    type: 'string',
    valueHint: 'SECONDS',
    description: 'End the command in the sandbox after this time, with exit code 124',
  },
} as const

type Given = { readonly workdir?: string | undefined; readonly env: readonly string[]; readonly timeout?: string | undefined }

/** How the program runs, as these flags say. */
export const furtherOf = (
  { host }: CommandContext,
  given: Given,
): Required<Pick<Command, 'folder' | 'variables' | 'seconds'>> => ({
  folder: given.workdir ?? '',
  variables: readVariables(given.env, host),
  seconds: readTimeout(given.timeout),
})

/** Whether any of these flags was given. */
export const saysHow = ({ workdir, env, timeout }: Given): boolean =>
  workdir !== undefined || env.length > 0 || timeout !== undefined
