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

/** What placeholders mean in a file; `inBox` is where it works in the box, and no variable of the caller's but these two is known. */
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
  caller: { HOME: home, USER: user },
})

/** The text in pieces, with what is known filled in: what is left is variables. */
export function piecesOf(
  text: string,
  key: string,
  { file, known, caller }: Scope,
): readonly Exclude<Piece, { kind: 'known' }>[] {
  if (text.includes('\0'))
    throw new PaudeError('config', `${shown(file)}: ${key} contains a NUL byte`, {
      hint: 'take it out, or go on without it: paude --devcontainer=off',
    })
  return pieces(text, KNOWN).map((piece) => {
    if (piece.kind === 'known') return { kind: 'text', text: known[piece.name] ?? '' }
    const told = piece.kind === 'localEnv' && Object.hasOwn(caller, piece.name) ? caller[piece.name] : undefined
    return told === undefined ? piece : { kind: 'text', text: told }
  })
}

/** The text with every placeholder filled in. What lands in argv, on a screen or in a file may hold no variable of the caller's. */
export const expand = (text: string, key: string, scope: Scope): string =>
  piecesOf(text, key, scope)
    .map((piece) => {
      if (piece.kind === 'text') return piece.text
      throw new PaudeError('refused', `${shown(scope.file)}: ${key} has \${${piece.kind}:${piece.name}} in it`, {
        hint: 'variables are for containerEnv and remoteEnv; elsewhere only HOME and USER of localEnv may stand',
      })
    })
    .join('')
