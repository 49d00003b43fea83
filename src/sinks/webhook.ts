import type { Post, Posted } from '../run/post.ts'

/** `sent`; `refused` by an answer that another try would get again; `unreachable`, worth a later try. */
export type Delivery = { readonly kind: 'sent' } | { readonly kind: 'refused' | 'unreachable'; readonly why: string }

export type Means = {
  readonly post: (url: string, request: Post) => Promise<Posted>
  readonly sleep: (milliseconds: number) => Promise<unknown>
  /** '' for none. */
  readonly token: string
}

/** Milliseconds before the second and the third try; there is no fourth. */
const WAITS = [500, 2_000] as const

/** Where a message goes; `timeout` in seconds for one try. */
export type Address = { readonly url: string; readonly timeout: number }

/** Sends one message as JSON, with a bounded number of tries. */
export async function deliver({ url, timeout }: Address, message: unknown, means: Means): Promise<Delivery> {
  const request: Post = {
    headers: {
      'content-type': 'application/json',
      'user-agent': 'paude',
      ...(means.token === '' ? {} : { authorization: `Bearer ${means.token}` }),
    },
    body: JSON.stringify(message),
    timeout: timeout * 1000,
  }
  let last: Delivery = { kind: 'unreachable', why: '' }
  for (const wait of [0, ...WAITS]) {
    if (wait > 0) await means.sleep(wait)
    last = judged(await means.post(url, request))
    if (last.kind !== 'unreachable') return last
  }
  return last
}

function judged(posted: Posted): Delivery {
  if (posted.status === null) return { kind: 'unreachable', why: posted.why }
  const { status } = posted
  if (status >= 200 && status < 300) return { kind: 'sent' }
  const why = `the server answered ${status}`
  return { kind: status >= 500 || status === 408 || status === 429 ? 'unreachable' : 'refused', why }
}
