import { agentOfRecord } from '../../agents/registry.ts'
import { need } from '../../backends/backend.ts'
import type { Context } from '../../context.ts'
import { readHoldState } from '../../hold/place.ts'
import { parseLog } from '../../network/log.ts'
import { ofProviders, reachOf } from '../../network/reach.ts'
import { question } from '../../run/question.ts'
import { printable } from '../../text.ts'
import type { Found } from '../record/found.ts'
import { policyNow } from '../resolve/policy.ts'

/** Takes why the agent gets no answer from its provider; '' once it gets one, and then nothing more. */
export type Tell = (fault: string) => void

/**
 * Milliseconds before each look. Agents try again for minutes without a word, so the first ones come soon; a provider that answers
 * is looked for no further, and a short run ends before any.
 */
const PAUSES: readonly number[] = [1500, 1000, 1000, 1500, 2000, 3000, 5000, 10_000, 15_000, 30_000, 60_000]

/** Characters of the log that are read: the agent's first requests stand at its beginning. */
const MOST = 512 * 1024

/** Looks into the proxy's log until the agent's provider has answered or nothing new is to be expected. Returns how to stop. */
export function watchProvider({ backend, handle, record }: Found, tell: Tell, pauses: readonly number[] = PAUSES): () => void {
  const injections = ofProviders(record.injections)
  if (injections.length === 0) return () => undefined
  const stop = new AbortController()
  const look = async () => {
    let told = ''
    for (const pause of pauses) {
      await rest(pause, stop.signal)
      if (stop.signal.aborted) return
      const log = await question(need(backend, 'wall').requests(handle, { follow: false }), {
        signal: stop.signal,
        most: MOST,
      }).catch(() => null)
      const reach = reachOf(
        parseLog(log?.stdout ?? '', policyNow(record, Date.now() / 1000)),
        injections,
        agentOfRecord(record)?.providers.map(({ address }) => address) ?? [],
      )
      if (stop.signal.aborted) return
      if (reach?.reached) return tell('')
      if (reach === null || reach.fault === told) continue
      told = reach.fault
      tell(told)
    }
  }
  void look()
  return () => stop.abort()
}

/** Neither the pause nor what waits for it keeps a process that has nothing else to do. */
const rest = (milliseconds: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const timer = setTimeout(resolve, milliseconds)
    timer.unref()
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })

/** The same for a holder, which looks anew each time its agent works: once the provider has answered, never again. */
export function providerLooks(found: Found, pauses?: readonly number[]): (tell: Tell) => () => void {
  let answered = false
  return (tell) => {
    if (answered) return () => undefined
    const heard = (fault: string) => {
      answered = fault === ''
      tell(fault)
    }
    return watchProvider(found, heard, pauses)
  }
}

/** Says what a holder knows to be wrong: nobody could be told while the agent drew on the terminal. */
export function warnOfFault({ warn }: Pick<Context, 'warn'>, folder: string): void {
  const fault = readHoldState(folder)?.fault ?? ''
  if (fault !== '') warn(printable(fault))
}
