/** What became of a request: an answer with its status, or the reason why there was none. */
export type Posted = { readonly status: number } | { readonly status: null; readonly why: string }

export type Post = {
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** Milliseconds for all of it. */
  readonly timeout: number
}

/** Sends one POST. A redirect is an answer and not followed: what the header holds is for this address alone. */
export async function post(url: string, { headers, body, timeout }: Post): Promise<Posted> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { ...headers },
      body,
      redirect: 'manual',
      signal: AbortSignal.timeout(timeout),
    })
    // Nobody reads it, and it may be endless.
    await response.body?.cancel().catch(() => undefined)
    return { status: response.status }
  } catch (error) {
    const { name, code, message } = error as { name?: string; code?: string; message?: string }
    return {
      status: null,
      why: name === 'TimeoutError' ? `no answer within ${timeout / 1000} s` : (code ?? message ?? 'unreachable'),
    }
  }
}
