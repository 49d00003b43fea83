import { hashOf } from '../config/files/hash.ts'
import { CERTIFICATES_LIMIT, type ReadCertificates } from '../image/ca.ts'
import { readStranger } from './stranger-file.ts'

/** Reads the certificates that a project's file names, once, and no more than all of them may take together. */
export function readCertificates(
  paths: readonly string[],
  refused: (path: string, fault: string) => Error,
): readonly ReadCertificates[] {
  let left = CERTIFICATES_LIMIT
  return paths.map((path) => {
    const content = readStranger(path, left, (fault) => refused(path, fault))
    left -= content?.length ?? 0
    return content === null ? { path, text: null, hash: 'missing' } : { path, text: content.toString(), hash: hashOf(content) }
  })
}
