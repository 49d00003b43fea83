import { relative } from 'node:path'
import { copyFile } from '../../box/spec.ts'
import type { Context } from '../../context.ts'
import { ask } from '../../run/ask.ts'
import { nameInside } from '../../text.ts'
import { gitChanges } from '../../workspace/git-changes.ts'
import { CONFIG_LIMIT } from '../../workspace/git-config.ts'
import { below, readSmall } from '../../workspace/paths.ts'
import type { SessionRecord } from '../record/record.ts'
import { configChanges, configSentence } from '../record/shadows.ts'
import { folderNames, readRecord } from '../record/store.ts'
import { found } from './find.ts'

/** Keys and commands that a message names. */
const MOST_NAMED = 10

/** What the box changed in a copy: a sentence, and the commands that do the harmless part of it here. */
export type CopyNews = { readonly record: SessionRecord; readonly sentence: string; readonly commands: readonly string[] }

/** News of what the box changed in its copies. To be read before the folder of the session goes. */
export const copyNews = (record: SessionRecord, folder: string): readonly CopyNews[] => [
  ...gitNews(record, folder),
  ...configNews(record, folder),
]

function configNews(record: SessionRecord, folder: string): readonly CopyNews[] {
  const sentence = configSentence(record, configChanges(record, folder))
  return sentence === null ? [] : [{ record, sentence, commands: [] }]
}

/** News of each git configuration. */
export const gitNews = (record: SessionRecord, folder: string): readonly CopyNews[] =>
  record.copies.flatMap((path, n) => {
    const [before, after] = ['.was', ''].map((ending) => readSmall(`${copyFile(folder, n)}${ending}`, CONFIG_LIMIT))
    // Of a further repository nothing is proposed: the commands mean the project.
    const isProjects = record.repos.length === 0 || below(record.workspace, path)
    const name = nameInside(isProjects ? relative(record.workspace, path) : path)
    // Without the first the folder is gone, and with it the copy.
    if (before === null || before === undefined) return []
    if (after === null || after === undefined)
      return [{ record, sentence: `paude can no longer read the sandbox's copy of ${name}; yours is unchanged`, commands: [] }]
    const { keys, commands } = gitChanges(before, after)
    if (keys.length === 0) return []
    const more = keys.length > MOST_NAMED ? ` and ${keys.length - MOST_NAMED} more` : ''
    const sentence = `the agent changed ${name} in the sandbox only: ${keys.slice(0, MOST_NAMED).map(nameInside).join(', ')}${more}`
    return [{ record, sentence, commands: isProjects ? commands.slice(0, MOST_NAMED) : [] }]
  })

/** Tells the news, once the session has ended. */
export async function noteCopies(context: Context, news: readonly CopyNews[]): Promise<void> {
  for (const { record, sentence, commands } of news) {
    const others = commands.length === 0 ? [] : await guarding(context, record)
    context.note([sentence, ...commandLines(commands, others)].join('\n'))
  }
}

function commandLines(commands: readonly string[], others: readonly string[]): readonly string[] {
  if (commands.length === 0) return []
  if (others.length === 0) return ['to set its branches up on this machine, while no session runs in this project:', ...commands]
  // Lines of one command: where the stop fails, nothing of it is done.
  return [
    `to set its branches up on this machine, stop ${others.join(' and ')} first, since git replaces the guarded file:`,
    [`paude stop ${others.join(' ')}`, ...commands].join(' &&\n'),
  ]
}

/**
 * Other sessions with a guard in the same project that may run. git replaces its configuration by another file, and the kernel then takes
 * away what is mounted on the old one, so their box would write the real one. Their engines are asked of no session elsewhere.
 */
async function guarding(context: Context, { id, workspace, copies }: SessionRecord): Promise<readonly string[]> {
  const { host } = context
  const paths = [workspace, ...copies]
  const runs = async (other: string): Promise<boolean> => {
    const record = readRecord(host, other)
    if (record === null) return true
    const places = [record.workspace, ...record.copies, ...record.mounts.map(({ source }) => source)]
    if (!places.some((place) => paths.some((path) => below(place, path)))) return false
    const { backend, handle } = found(context, record)
    return await ask(backend.life.state(handle), context.effects(backend)).then(
      ({ status }) => status !== 'exited',
      () => true,
    )
  }
  const others = folderNames(host).filter((name) => name !== id)
  const running = await Promise.all(others.map(runs))
  return others.filter((_, at) => running[at])
}
