/** What the first program of a box found before it started the agent (`squid/init.c`). */
export type Receipt = {
  readonly ok: boolean
  readonly canaries: readonly { readonly name: string; readonly outcome: string; readonly ok: boolean }[]
}

/** How its line begins; no line of a request does. */
const BEGINNING = '{"v":1,"network":'

/** The latest receipt in a proxy's log, or in what the proxy noted; null when no box has told of its wall. */
export function readReceipt(log: string): Receipt | null {
  const line = log.split('\n').findLast((one) => one.startsWith(BEGINNING))
  try {
    return line === undefined ? null : (JSON.parse(line) as Receipt)
  } catch {
    return null
  }
}

/** Whether the log of a box that has told of its wall holds nothing else: nothing was asked for. */
export const isQuiet = (noted: string): boolean =>
  readReceipt(noted) !== null && noted.split('\n').every((line) => line === '' || line.startsWith(BEGINNING))
