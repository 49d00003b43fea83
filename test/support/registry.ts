import { createHash } from 'node:crypto'

/** A feature as a registry has it. */
export type Published = { readonly files: Readonly<Record<string, string>> }

/** What is odd about a registry. */
type Odd = {
  /** Token that it wants, and gives to everybody. */
  readonly token?: string
  readonly login?: boolean
  readonly spoilt?: boolean
  /** Bytes behind an archive. */
  readonly padding?: number
  /** Where archives are; '' for where they were asked for. */
  readonly redirect?: string
  readonly manifest?: string
  /** Digest by which every manifest is had as well. */
  readonly pinned?: string
}

/** A registry on loopback, where HOST in a feature's own file is its address. Names are `path:tag`. */
export function publish(features: Readonly<Record<string, Published>>, odd: Odd = {}) {
  const blobs = new Map<string, Uint8Array>()
  const manifests = new Map<string, string>()
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: (request) => answer(new URL(request.url), request.headers.get('authorization')),
  })
  const host = `127.0.0.1:${server.port}`
  for (const [name, { files }] of Object.entries(features)) {
    const entries = Object.entries(files).map(([path, text]) => ({ path, text: text.replaceAll('HOST', host) }))
    const layer = Buffer.concat([archive(entries), Buffer.alloc(odd.padding ?? 0)])
    const digest = `sha256:${createHash('sha256').update(layer).digest('hex')}`
    blobs.set(digest, odd.spoilt ? Buffer.concat([layer, Buffer.from('x')]) : layer)
    const mediaType = 'application/vnd.devcontainers.layer.v1+tar'
    manifests.set(name, odd.manifest ?? JSON.stringify({ schemaVersion: 2, layers: [{ mediaType, digest, size: layer.length }] }))
  }
  return { host, stop: () => server.stop(true) }

  function answer({ pathname, searchParams }: URL, authorization: string | null): Response {
    if (pathname === '/token') return Response.json(searchParams.get('scope') === 'pull' ? { token: odd.token } : {})
    if (odd.login) return new Response('', { status: 401, headers: { 'www-authenticate': 'Basic realm="x"' } })
    if (odd.token !== undefined && authorization !== `Bearer ${odd.token}`) {
      const challenge = `Bearer realm="http://${host}/token",service="registry",scope="pull"`
      return new Response('', { status: 401, headers: { 'www-authenticate': challenge } })
    }
    const [, path = '', kind, reference = ''] = /^\/v2\/(.+)\/(manifests|blobs)\/(.+)$/.exec(pathname) ?? []
    const manifest = manifests.get(`${path}:${reference}`) ?? (reference === odd.pinned ? [...manifests.values()][0] : undefined)
    if (kind === 'manifests' && manifest !== undefined) return new Response(manifest)
    const blob = blobs.get(reference)
    if (kind !== 'blobs' || blob === undefined) return new Response('', { status: 404 })
    if (odd.redirect !== undefined) return new Response('', { status: 307, headers: { location: odd.redirect || pathname } })
    return new Response(blob.slice())
  }
}

type Entry = { readonly path: string; readonly text?: string; readonly type?: string; readonly link?: string }

/** A tar archive; a long name goes before its entry, as GNU's tar does it. */
export const archive = (entries: readonly Entry[]): Buffer =>
  Buffer.concat([
    ...entries.flatMap((entry) => [
      ...(entry.path.length > 99 ? [block({ path: '././@LongLink', type: 'L', text: `${entry.path}\0` })] : []),
      block({ ...entry, path: entry.path.slice(0, 99) }),
    ]),
    Buffer.alloc(1024),
  ])

function block({ path, text = '', type = '0', link = '' }: Entry): Buffer {
  const header = Buffer.alloc(512)
  const content = Buffer.from(text)
  header.write(path, 0)
  header.write('0000755\0', 100)
  header.write(`${content.length.toString(8).padStart(11, '0')}\0`, 124)
  header.write(type, 156)
  header.write(link, 157)
  header.write('ustar\x0000', 257)
  header.fill(' ', 148, 156)
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return Buffer.concat([header, content, Buffer.alloc((512 - (content.length % 512)) % 512)])
}
