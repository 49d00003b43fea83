/** Looks whether the provider answers the agent: tells what is wrong, '' once all is well. Returns how to stop. */
export type ProviderLook = (tell: (fault: string) => void) => () => void

/** What is wrong with the provider, which is looked at while the agent works. */
export function makeFault(provider: ProviderLook | undefined, changed: (fault: string, isNew: boolean) => void) {
  let fault = ''
  let stop: (() => void) | null = null
  return {
    text: () => fault,
    clear(): void {
      fault = ''
    },
    lookWhile(works: boolean): void {
      if (works && stop === null)
        stop =
          provider?.((told) => {
            const isNew = told !== fault
            fault = told
            changed(told, isNew)
          }) ?? null
      if (works || stop === null) return
      stop()
      stop = null
    },
  }
}
