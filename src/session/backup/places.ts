import type { Conversation } from '../../agents/agent.ts'
import { PaudeError } from '../../errors.ts'
import { literalPattern } from '../../network/pattern.ts'
import { HOME } from './manifest.ts'

/** Where the files of a conversation are below HOME. */
export function placesOf({ files, folder }: Conversation, id: string, directory: string): readonly string[] {
  const name = folder(directory)
  if (name === null)
    throw new PaudeError('unsupported', `paude cannot tell where the agent keeps conversations of ${directory}`, {
      hint: 'its path is too long: use a shorter one',
    })
  return files.map((place) => place.replace('{id}', id).replace('{folder}', name))
}

/** A conversation that is restored: by which id the backup has it, by which it goes on, and in which directory. */
export type Renamed = { readonly from: string; readonly to: string; readonly directory: string }

/** Where a file of a backup comes to be below HOME: in its own place, under the new id. null for any other file, such as settings. */
export function placeIn(kind: Conversation, name: string, { from, to, directory }: Renamed): string | null {
  const path = name.slice(HOME.length)
  for (const [at, place] of kind.files.entries()) {
    const [before = '', ...rest] = place.replace('{id}', from).split('{folder}')
    const pattern = new RegExp(`^${[before, ...rest].map(literalPattern).join('[A-Za-z0-9-]{1,220}')}((?:/${SEGMENT})*)$`)
    const below = pattern.exec(path)?.[1]
    if (below !== undefined && path.length <= 1000) return `${placesOf(kind, to, directory)[at]}${below}`
  }
  return null
}

/** A name that means nothing else to any program: not hidden, no `..`. */
const SEGMENT = '(?!\\.)[\\w.@+-]{1,200}'
