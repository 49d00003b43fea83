/** Milliseconds of work, and of rest after it. */
const WORK = 5
const REST = 10

/** Something that is done a little at a time. */
export type Job = Iterator<undefined, void>

/**
 * Does jobs in turn and rests in between: whoever looks at a project has a terminal to keep, a short look does not wait for a long one,
 * and no box keeps this machine busy with looks. A job that throws ends; `failed` is told.
 */
export function makeTurns(failed: (error: unknown) => void): { readonly add: (job: Job) => void; readonly stop: () => void } {
  const jobs: Job[] = []
  let isAtWork = false

  function isDone(job: Job): boolean {
    try {
      return job.next().done === true
    } catch (error) {
      failed(error)
      return true
    }
  }

  async function work(): Promise<void> {
    isAtWork = true
    let until = performance.now() + WORK
    for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) {
      while (!isDone(job)) {
        if (performance.now() < until) continue
        jobs.push(job)
        break
      }
      if (performance.now() < until) continue
      await Bun.sleep(REST)
      until = performance.now() + WORK
    }
    isAtWork = false
  }

  return {
    add(job) {
      jobs.push(job)
      if (!isAtWork) void work()
    },
    stop: () => void jobs.splice(0),
  }
}
