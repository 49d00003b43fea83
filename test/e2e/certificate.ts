import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readHost } from '../../src/host.ts'
import { extraCaCertificates } from '../../src/image/ca.ts'
import { HOST_NAME } from '../../src/network/names.ts'
import { put, root } from './support.ts'

/**
 * A certificate for the name under which boxes know this machine; it is its own authority, which `--ca-file` of `file` trusts. A `leaf`
 * says that it is none for others: programs such as Codex take no server that is an authority.
 */
export function selfSigned({ leaf = false } = {}): { readonly key: string; readonly cert: string; readonly file: string } {
  const file = join(root, 'server.pem')
  const key = join(root, 'server.key')
  put(join(root, 'made'), '')
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
      ...['-keyout', key, '-out', file, '-subj', '/CN=mock', '-addext', `subjectAltName=DNS:${HOST_NAME}`],
      ...(leaf ? ['-addext', 'basicConstraints=critical,CA:FALSE'] : []),
    ],
    { stdio: 'ignore' },
  )
  const cert = readFileSync(file, 'utf8')
  // Named files take the place of what this machine's administrator added, which the build may need.
  return { key: readFileSync(key, 'utf8'), cert, file: put(join(root, 'trusted.pem'), cert + extraCaCertificates(readHost())) }
}
