import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { SECRET_FILE } from '../credentials/looks-secret.ts'
import type { PaudeError } from '../errors.ts'
import type { Snapshot } from '../plan/plan.ts'
import { firstOf, nameInside, shown } from '../text.ts'
import { type Brought, linkTo } from '../workspace/brought.ts'
import { quoted } from '../workspace/uncommitted.ts'
import { cannotBring, findOthers, MOST_OTHERS } from './others.ts'
import { type Taken, takeSome } from './tar/some.ts'
import { TAR_END } from './tar/write.ts'

/** Bytes of the contents that come along. */
const MOST_BYTES = 1024 ** 3

/** Makes what a clone gets of what is not committed. Returns lines for the user. */
export async function takeSnapshot(step: Snapshot, signal: AbortSignal): Promise<readonly string[]> {
  const { folder, uncommitted } = step
  const { names, repositories, unreadable } = await findOthers(step, signal)
  const packed = pack(step, [...uncommitted.changed, ...names])
  writeFileSync(step.list, JSON.stringify(packed), { mode: 0o600 })
  const absent = uncommitted.changed.map((name) => `${quoted(Buffer.from(name).toString('latin1'))}\n`)
  writeFileSync(join(folder, 'absent'), absent.join(''), { mode: 0o600 })
  return [
    ...told('comes into the clone, not committed, and may hold secrets', packed.map(({ path }) => path).filter(mayHoldSecrets)),
    ...told('not in the clone, since it is a repository of its own', repositories),
    ...told('not in the clone as it is, since its name is not UTF-8', [...uncommitted.unreadable, ...unreadable]),
  ]
}

/** Whether a file has a name that files with secrets have. */
export const mayHoldSecrets = (path: string): boolean => SECRET_FILE.test(path.slice(path.lastIndexOf('/') + 1))

const told = (why: string, names: readonly string[]): readonly string[] =>
  names.length === 0 ? [] : [`${why}: ${firstOf(names.map(nameInside))}`]

/** Writes tree.tar: the files as they are. What is gone, or is no file and no link, is not in it. Returns what is. */
function pack({ folder, root }: Snapshot, names: readonly string[]): readonly Brought[] {
  if (names.length > MOST_OTHERS.files) throw cannotBring(`more than ${MOST_OTHERS.files} files are not committed`, IGNORE)
  const tar = openSync(join(folder, 'tree.tar'), 'wx', 0o600)
  const write = (piece: Uint8Array) => {
    for (let put = 0; put < piece.length; ) put += writeSync(tar, piece, put, piece.length - put)
  }
  try {
    const taking = takeSome(names, { root, most: MOST_BYTES, hasher: () => new Bun.CryptoHasher('sha256'), fault })
    for (let next = taking.next(); ; next = taking.next()) {
      if (next.done) {
        write(TAR_END)
        return next.value.map(broughtOf)
      }
      write(next.value)
    }
  } finally {
    closeSync(tar)
  }
}

const broughtOf = ({ path, kind, size, hash, target }: Taken): Brought => ({
  path,
  size,
  is: kind === 'link' ? linkTo(target) : hash,
})

const fault = (what: string, path?: string): PaudeError =>
  path === undefined
    ? cannotBring(`${what} are not committed`, IGNORE)
    : cannotBring(
        `${shown(path)} ${what}`,
        what.startsWith('cannot') ? 'make it readable for you, or leave out --dirty' : 'try again',
      )

const IGNORE = 'commit them or add them to .gitignore, or leave out --dirty'
