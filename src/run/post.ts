/** What became of a request: an answer with its status, or the reason why there was none. */
export type Posted = { readonly status: number } | { readonly status: null; readonly why: string }

export type Post = {
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** Milliseconds for all of it. */
  readonly timeout: number
}

/** What a server said to a request, or the reason why it said nothing. */
export type Exchanged = (Posted & { readonly status: number; readonly text: string }) | Extract<Posted, { readonly status: null }>

/** Bytes of an answer that are read. */
const MOST = 256 * 1024

/** Sends one POST and reads its answer. */
export const exchange = (url: string, request: Post): Promise<Exchanged> =>
  sent(url, request, async (response) => ({ status: response.status, text: await beginning(response) }))

async function beginning({ body }: Response): Promise<string> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of body ?? []) {
    parts.push(part)
    length += part.length
    if (length > MOST) break
  }
  return Buffer.concat(parts).toString('utf8', 0, MOST)
}

/** Sends one POST. A redirect is an answer and not followed: what the header holds is for this address alone. */
export const post = (url: string, request: Post): Promise<Posted> =>
  sent(url, request, async (response) => {
    // Nobody reads it, and it may be endless.
    await response.body?.cancel().catch(() => undefined)
    return { status: response.status }
  })

async function sent<T extends Posted>(
  url: string,
  { headers, body, timeout }: Post,
  read: (response: Response) => Promise<T>,
): Promise<T | Extract<Posted, { readonly status: null }>> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { ...headers },
      body,
      redirect: 'manual',
      signal: AbortSignal.timeout(timeout),
    })
    return await read(response)
  } catch (error) {
    const { name, code, message } = error as { name?: string; code?: string; message?: string }
    return {
      status: null,
      why: name === 'TimeoutError' ? `no answer within ${timeout / 1000} s` : (code ?? message ?? 'unreachable'),
    }
  }
}
