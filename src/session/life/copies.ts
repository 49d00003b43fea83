import { relative } from 'node:path'
import { copyFile } from '../../box/spec.ts'
import type { Context } from '../../context.ts'
import { printable } from '../../text.ts'
import { gitChanges } from '../../workspace/git-changes.ts'
import { CONFIG_LIMIT } from '../../workspace/git-config.ts'
import { readSmall } from '../../workspace/paths.ts'
import type { SessionRecord } from '../record/record.ts'

/** Keys and commands that a message names. */
const MOST_NAMED = 10

/** A sentence for each git configuration that the box changed in its copy. To be read before the folder of the session goes. */
export const copyNews = ({ copies, workspace }: SessionRecord, folder: string): readonly string[] =>
  copies.flatMap((path, n) => {
    const [before, after] = ['.was', ''].map((ending) => readSmall(`${copyFile(folder, n)}${ending}`, CONFIG_LIMIT))
    const name = printable(relative(workspace, path))
    // Without the first the folder is gone, and with it the copy.
    if (before === null || before === undefined) return []
    if (after === null || after === undefined) return [`the box's copy of ${name} cannot be read any more; yours is as it was`]
    const { keys, commands } = gitChanges(before, after)
    if (keys.length === 0) return []
    const more = keys.length > MOST_NAMED ? ` and ${keys.length - MOST_NAMED} more` : ''
    const news = `the agent changed ${name} in the sandbox only: ${keys.slice(0, MOST_NAMED).map(printable).join(', ')}${more}`
    return [
      commands.length === 0 ? news : `${news}\nto have its branches set up here:\n${commands.slice(0, MOST_NAMED).join('\n')}`,
    ]
  })

export const noteCopies = ({ note }: Pick<Context, 'note'>, news: readonly string[]): void => {
  for (const line of news) note(line)
}
