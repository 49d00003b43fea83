import { readLayers } from '../../config/layers/load.ts'
import { PaudeError } from '../../errors.ts'
import type { Host } from '../../host.ts'
import { parseProjectFile, readProjectFiles } from '../../project/project.ts'
import { readRecords } from '../../session/record/store.ts'
import { projectFolders } from '../../workspace/workspace.ts'
import { READS } from '../front-flags.ts'
import { verb } from '../verb.ts'
import { answerOf, type Offers, offersAt, uncut } from './offers.ts'
import { isShell, stubs } from './stubs.ts'

export default verb({
  description: 'Print the completion script of a shell',
  front: READS,
  // One verb and not a word a shell: they differ in nothing but their script.
  args: {
    shell: { type: 'positional', description: 'bash, zsh or fish', required: true, offers: Object.keys(stubs) },
    words: {
      type: 'positional',
      rest: true,
      hidden: true,
      description: 'Words typed so far: prints what can replace the last one',
    },
  },
  examples: [
    ['source <(paude completion bash)', 'in ~/.bashrc'],
    ['source <(paude completion zsh)', 'in ~/.zshrc, after compinit'],
    ['paude completion fish | source', 'in ~/.config/fish/config.fish'],
  ],
  async run({ host, commands, answer }, { shell, words }) {
    if (!isShell(shell))
      throw new PaudeError('usage', `no completion for ${JSON.stringify(shell)}`, { hint: 'paude completion bash, zsh or fish' })
    // The scripts ask at every Tab: no engine is called.
    if (words.length === 0) answer(stubs[shell])
    else {
      const offers = await offersAt(shell === 'bash' ? uncut(words) : words, commands)
      const text = answerOf(shell, words, { ...offers, words: [...offers.words, ...(await lookUp(host, offers.lookUp))] })
      if (text !== '') answer(text)
    }
    return 0
  },
})

async function lookUp(host: Host, what: Offers['lookUp']): Promise<readonly (readonly [string])[]> {
  if (what === null) return []
  const words = what === 'profiles' ? await profileNames(host) : readRecords(host).flatMap(({ id, name }) => [id, name])
  return words.filter((word) => word !== '').map((word) => [word])
}

/** Of the user's file and the project's. What is broken has none: Tab is no time to be told. */
async function profileNames(host: Host): Promise<readonly string[]> {
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
