import { relative } from 'node:path'
import { PaudeError } from '../errors.ts'
import { shown } from '../text.ts'
import { look } from './paths.ts'
import { NESTED_LIMIT } from './repositories.ts'
import type { Walked } from './walk.ts'

/** Listed paths in other folders that are mounted read-only one by one; of more, the rest is looked at at the end. */
export const MOST_ELSEWHERE = 100

/** Sockets in whose place the box sees an empty file. Nobody has so many. */
export const MOST_SOCKETS = 200

/** The first three, and how many more there are. */
const few = <T>(all: readonly T[], tell: (one: T) => string): string =>
  `${all.slice(0, 3).map(tell).join(', ')}${all.length > 3 ? ` and ${all.length - 3} more` : ''}`

/** What git would take as soon as the agent makes it. */
export function missingNote(names: readonly string[], root: string): readonly string[] {
  if (names.length === 0) return []
  return [
    `your git configuration names ${few(names, (path) => shown(relative(root, path)))}, which does not exist: git on this machine obeys it once the agent creates it`,
  ]
}

/** A link in a guarded folder, and what it leads to. */
export type Led = { readonly link: string; readonly target: string }

/** What this machine runs through links, and the agent must not write therefore; or what is missing there. */
export function ledNotes(led: readonly Led[], root: string): readonly string[] {
  const tell = ({ link, target }: Led) => `${shown(relative(root, target))} (by ${shown(relative(root, link))})`
  const list = (all: readonly Led[]) => few(all, tell)
  const [there, missing] = [led.filter(({ target }) => look(target)), led.filter(({ target }) => !look(target))]
  return [
    ...(there.length === 0 ? [] : [`read-only, since links in guarded folders lead there: ${list(there)}`]),
    ...(missing.length === 0
      ? []
      : [
          `links in guarded folders lead to what does not exist, and this machine runs it once the agent creates it: ${list(missing)}`,
        ]),
  ]
}

/** What may hold anything. Where it can be mounted it is read-only. */
export function closedNotes(closed: readonly string[], root: string): readonly string[] {
  if (closed.length === 0) return []
  const names = few(closed, (path) => shown(relative(root, path) || path))
  return [`paude cannot look into ${names}, so it does not guard what is in there one by one`]
}

/** What of a large project is not guarded. */
export function tooManyNotes({ repositories, isCut }: Walked, elsewhere: readonly string[], root: string): readonly string[] {
  return [
    ...(isCut ? [`${shown(root)} has too many files, so paude does not guard the deepest ones`] : []),
    ...(repositories.length > NESTED_LIMIT
      ? [`only ${NESTED_LIMIT} of the ${repositories.length} repositories in the project are guarded`]
      : []),
    ...(elsewhere.length > MOST_ELSEWHERE
      ? [
          `only ${MOST_ELSEWHERE} of ${elsewhere.length} paths that this machine acts on are read-only; paude checks the others at the end`,
        ]
      : []),
  ]
}

/** What is hidden, and what is not. */
export function socketNotes(sockets: readonly string[], root: string): readonly string[] {
  if (sockets.length === 0) return []
  return [
    `hidden in the sandbox, since something on this machine listens there: ${few(sockets, (path) => shown(relative(root, path)))}`,
    ...(sockets.length > MOST_SOCKETS
      ? [`only ${MOST_SOCKETS} of ${sockets.length} unix sockets are hidden: the agent can reach the programs behind the others`]
      : []),
  ]
}

/** A project that nobody can have meant. */
export const tooManySockets = (sockets: readonly string[]): PaudeError =>
  new PaudeError('refused', `the project has ${sockets.length} unix sockets, such as ${shown(sockets[0] ?? '')}`, {
    hint: 'end what listens there, or start in a folder without them: a socket is a way out of the sandbox',
  })
