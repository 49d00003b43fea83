import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

import { PaudeError } from '../errors.ts'
import type { Host } from '../host.ts'

/** Where Debian, Fedora, Arch and SUSE keep the certificates an administrator added. */
const CA_FOLDERS = [
  '/usr/local/share/ca-certificates',
  '/etc/pki/ca-trust/source/anchors',
  '/etc/ca-certificates/trust-source/anchors',
  '/usr/share/pki/trust/anchors',
] as const

/** Bytes of all files together; a whole distribution's bundle takes a quarter of it. */
export const CERTIFICATES_LIMIT = 1024 * 1024

/**
 * Reads the certificates to trust besides the public ones, as PEM text: those of `files`, or else what the host's administrator
 * added. '' for none. A file that was named and holds no certificate is a PaudeError.
 */
export function extraCaCertificates(
  host: Pick<Host, 'platform'>,
  files: readonly CaFile[] = [],
  folders: readonly string[] = CA_FOLDERS,
): string {
  if (files.length > 0) return bundle(files.map(namedFile))
  return host.platform === 'linux' ? bundle(folders.flatMap(certificateFiles).map(readable)) : ''
}

/** Only certificates come through: no keys, no comments, and each of them once, in an order of its own. */
export function certificates(text: string): readonly string[] {
  const blocks = text.replaceAll('\r', '').match(/-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g)
  return [...new Set(blocks ?? [])].toSorted()
}

function bundle(texts: readonly string[]): string {
  const blocks = certificates(texts.join('\n'))
  const pem = blocks.map((block) => `${block}\n`).join('')
  if (pem.length <= CERTIFICATES_LIMIT) return pem
  throw new PaudeError('config', `the extra certificates take ${Math.ceil(pem.length / 1024)} KiB (limit 1024)`, {
    hint: 'name only those that you need, in image.ca_files or with --ca-file',
  })
}

function namedFile(file: CaFile): string {
  const [path, text] = typeof file === 'string' ? [file, readNamed(file)] : [file.path, file.text]
  if (text === null) throw unreadable(path)
  if (certificates(text).length > 0) return text
  throw new PaudeError('config', `${path} has no certificate in it`, {
    hint: 'give a PEM file with BEGIN CERTIFICATE; openssl x509 converts other formats',
  })
}

function readNamed(path: string): string {
  try {
    if (statSync(path).size > CERTIFICATES_LIMIT)
      throw new PaudeError('config', `${path} is too large for a certificate file (limit 1 MiB)`)
    return readFileSync(path, 'utf8')
  } catch (cause) {
    if (cause instanceof PaudeError) throw cause
    throw unreadable(path, cause)
  }
}

const unreadable = (path: string, cause?: unknown): PaudeError =>
  new PaudeError('config', `the certificate file ${path} cannot be read`, { hint: 'name an existing PEM file', cause })

function certificateFiles(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(crt|pem)$/.test(name))
      .map((name) => join(folder, name))
  } catch {
    return []
  }
}

/** What is unreadable or oversized in the distribution's folders was not meant for this user. */
function readable(path: string): string {
  try {
    const { size } = statSync(path)
    return size <= CERTIFICATES_LIMIT ? readFileSync(path, 'utf8') : ''
  } catch {
    return ''
  }
}

/** A file of certificates: its path, or what a file of the project means by it. */
export type CaFile = string | ReadCertificates

/** What stood in a file of certificates when it was judged, so that nothing else is ever built with; `text` is null where there was none. */
export type ReadCertificates = { readonly path: string; readonly text: string | null; readonly hash: string }
