import { defineCommand } from 'citty'
import { readLayers } from '../../config/layers/load.ts'
import { PaudeError } from '../../errors.ts'
import { parseProjectFile, readProjectFiles } from '../../project/project.ts'
import { readRecords } from '../../session/record/store.ts'
import { projectFolders } from '../../workspace/workspace.ts'
import type { CommandContext } from '../context.ts'
import { bashCompletion } from './completion-bash.ts'
import { fishCompletion } from './completion-fish.ts'
import { zshCompletion } from './completion-zsh.ts'
import { vocabulary } from './vocabulary.ts'

const args = {
  shell: { type: 'positional', description: 'bash, zsh or fish', required: true },
} as const

const scripts = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion } as const

export default (context: CommandContext) =>
  defineCommand({
    meta: { name: 'completion', description: 'Print the completion script of a shell' },
    args,
    async run({ args: { shell } }) {
      // What the scripts ask for at every Tab: no engine is called.
      if (shell === 'sessions') {
        context.answer(
          readRecords(context.host)
            .flatMap(({ id, name }) => (name === '' ? [`${id}\n`] : [`${id}\n`, `${name}\n`]))
            .join(''),
        )
        return 0
      }
      if (shell === 'profiles') {
        context.answer((await profileNames(context)).map((name) => `${name}\n`).join(''))
        return 0
      }
      if (shell !== 'bash' && shell !== 'zsh' && shell !== 'fish')
        throw new PaudeError('usage', `no completion for ${JSON.stringify(shell)}`, {
          hint: 'paude completion bash, zsh or fish',
        })
      context.answer(scripts[shell](await vocabulary(context)))
      return 0
    },
  })

/** Of the user's file and the project's. What is broken has none: Tab is no time to be told. */
async function profileNames({ host }: CommandContext): Promise<readonly string[]> {
  const around = { writable: [], home: host.home, profile: '', note: () => undefined }
  try {
    const { user } = await readLayers(host, {})
    const project = await Promise.all(readProjectFiles(projectFolders(host)).map((file) => parseProjectFile(file, around)))
    return [...new Set([user, ...project].flatMap(({ profiles }) => profiles))]
  } catch (error) {
    if (error instanceof PaudeError) return []
    throw error
  }
}
