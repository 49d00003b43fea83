import { type Piece, pieces } from '../../config/keys/placeholders.ts'
import { PaudeError } from '../../errors.ts'
import type { Host } from '../../host.ts'
import { shown } from '../../text.ts'

/** What placeholders mean here. */
export type Scope = {
  /** The file, for errors. */
  readonly file: string
  /** By name, such as localWorkspaceFolder. */
  readonly known: Readonly<Record<string, string>>
  /** The variables of the caller's that are no secret. */
  readonly caller: Readonly<Record<string, string>>
}

const KNOWN = [
  'localWorkspaceFolder',
  'localWorkspaceFolderBasename',
  'containerWorkspaceFolder',
  'containerWorkspaceFolderBasename',
  'devcontainerId',
] as const

/** What placeholders mean in a file; `inBox` is where it works in the box, and no variable of the caller's but these is known. */
export const scopeOf = (
  { file, folder, inBox, id }: { readonly file: string; readonly folder: string; readonly inBox: string; readonly id: string },
  { home, user }: Pick<Host, 'home' | 'user'>,
): Scope => ({
  file,
  known: {
    localWorkspaceFolder: folder,
    localWorkspaceFolderBasename: folder.split('/').at(-1) ?? '',
    containerWorkspaceFolder: inBox,
    containerWorkspaceFolderBasename: inBox.split('/').at(-1) ?? '',
    devcontainerId: id,
  },
  // The usual way to write "home on any system" names both; this one is of Windows.
  caller: { HOME: home, USER: user, USERPROFILE: '' },
})

/** The text in pieces, with what is known filled in: what is left is variables. */
export function piecesOf(
  text: string,
  key: string,
  { file, known, caller }: Scope,
): readonly Exclude<Piece, { kind: 'known' }>[] {
  if (text.includes('\0'))
    throw new PaudeError('config', `${shown(file)}: ${key} contains a NUL byte`, {
      hint: 'remove it, or start without the file: paude --devcontainer=off',
    })
  return pieces(text, KNOWN).map((piece) => {
    if (piece.kind === 'known') return { kind: 'text', text: known[piece.name] ?? '' }
    const told = piece.kind === 'localEnv' && Object.hasOwn(caller, piece.name) ? caller[piece.name] : undefined
    return told === undefined ? piece : { kind: 'text', text: told }
  })
}

/**
 * The text with every placeholder filled in. What lands in argv, on a screen or in a file may hold no variable of the caller's: the
 * default that the file itself gives stands in its place.
 */
export const expand = (text: string, key: string, scope: Scope): string =>
  piecesOf(text, key, scope)
    .map((piece) => {
      if (piece.kind === 'text') return piece.text
      if (piece.kind === 'localEnv' && piece.fallback !== null) return piece.fallback
      throw new PaudeError('refused', `${shown(scope.file)}: ${key} contains ${written(piece)}`, {
        hint: 'use environment variables in containerEnv and remoteEnv; elsewhere add a default after the name and a colon',
      })
    })
    .join('')

/** The same; null where it needs a variable that is not read, and then `left` is told so. */
export function expandOr(text: string, key: string, { scope, left }: Heard): string | null {
  const unread = piecesOf(text, key, scope).find((piece) => piece.kind !== 'text' && unreadable(piece))
  if (unread === undefined || unread.kind === 'text') return expand(text, key, scope)
  left(`${key} (paude does not read ${unread.name} here)`)
  return null
}

/** Hears what has no effect, with the reason. */
export type Left = (what: string) => void
export type Heard = { readonly scope: Scope; readonly left: Left }

type Variable = Exclude<Piece, { kind: 'known' | 'text' }>

const unreadable = ({ kind, fallback }: Variable): boolean => kind === 'containerEnv' || fallback === null

/** As it stands in the file. */
const written = ({ kind, name, fallback }: Variable): string => `\${${kind}:${name}${fallback === null ? '' : `:${fallback}`}}`
