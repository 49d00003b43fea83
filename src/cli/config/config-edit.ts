import { type Editable, keepSchema, save } from '../../config/files/edit.ts'
import { parseConfig } from '../../config/files/parse.ts'
import { loadConfig } from '../../config/layers/load.ts'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import { editableFile } from '../../project/editable.ts'
import { withhold } from '../../run/environment.ts'
import { attach } from '../../run/process.ts'

/** Opens a file in the user's editor, and reads it afterwards: a mistake is told now and not at the next start. */
export async function editFile(context: Context, editable: Editable): Promise<number> {
  const { host, note } = context
  const [program = '', ...words] = (host.env['VISUAL'] || host.env['EDITOR'] || (host.terminal.stdin ? 'vi' : '')).split(/\s+/)
  if (program === '')
    throw new PaudeError('usage', 'paude found no terminal and no editor', { hint: 'export EDITOR, or use paude config set' })
  if (editable.text === '') {
    const { template } = await import('../../config/files/embedded.ts')
    save(
      editable,
      editable.layer === 'user'
        ? template
        : '# paude.toml: what this project needs; paude trust shows what it loosens\nversion = 1\n',
    )
  }
  await keepSchema(editableFile(host, editable.layer === 'project'))
  // What it calls secrets is kept from the editor, also while it is broken.
  withhold([...editable.text.matchAll(/env:(\w+)/gi)].map(([, name = '']) => name))
  await loadConfig(host, context.flags).catch(() => null)
  // Not in the project: an editor may obey the files of the folder that it starts in, and the agent can write there.
  const { exited } = attach([program, ...words, editable.file], { stdin: true, terminal: true, folder: '/' })
  const code = await exited
  if (code !== 0) throw new PaudeError('command-failed', `${program} ended with ${code}`)
  parseConfig(editableFile(host, editable.layer === 'project'))
  note(`${editable.file} is valid`)
  return 0
}
