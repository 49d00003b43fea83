import type { Activity } from '../events/activity.ts'

/** Looks whether the provider answers the agent: tells what is wrong, '' once all is well. Returns how to stop. */
export type ProviderLook = (tell: (fault: string) => void) => () => void

/** What is wrong with the provider, which is looked at while the agent works. */
export function makeFault(provider: ProviderLook | undefined, changed: (fault: string, isNew: boolean) => void) {
  let fault = ''
  let stop: (() => void) | null = null
  return {
    text: () => fault,
    /** Looks as long as the agent works; an answer says that all is well. */
    see(activity: Activity, isOver: boolean): void {
      if (activity === 'done') fault = ''
      const works = activity === 'working' && !isOver
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
