/** Runs `act` once nothing has stirred for so many milliseconds. It keeps no process alive. */
export function makeLull(wait: number, act: () => void) {
  let timer: Timer | null = null
  return {
    stir(): void {
      if (timer !== null) return void timer.refresh()
      timer = setTimeout(() => {
        timer = null
        act()
      }, wait)
      timer.unref()
    },
    /** Whether something has stirred that `act` has not followed yet. */
    isDue: (): boolean => timer !== null,
    cancel(): void {
      if (timer !== null) clearTimeout(timer)
      timer = null
    },
  }
}
