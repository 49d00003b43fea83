/** Milliseconds of work, and of rest after it. */
const WORK = 5
const REST = 10

/** Something that is done a little at a time. */
export type Job = Iterator<undefined, void>

export type Turns = { readonly add: (job: Job, what: 'urgent' | 'other') => void; readonly stop: () => void }

/**
 * Does jobs in turn and rests in between: whoever looks at a project has a terminal to keep, a short look does not wait for a long one,
 * and no box keeps this machine busy with looks. A job that throws ends; `failed` is told.
 */
export function makeTurns(failed: (error: unknown) => void): Turns {
  const [urgent, others]: [Job[], Job[]] = [[], []]
  let isAtWork = false
  let isUrgent = false

  /** Every second turn is of what is urgent, however much there is of the rest. */
  function next(): Job | undefined {
    isUrgent = others.length === 0 || (!isUrgent && urgent.length > 0)
    return (isUrgent ? urgent : others).shift()
  }

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
    for (let job = next(); job !== undefined; job = next()) {
      const queue = isUrgent ? urgent : others
      while (!isDone(job)) {
        if (performance.now() < until) continue
        queue.push(job)
        break
      }
      if (performance.now() < until) continue
      await Bun.sleep(REST)
      until = performance.now() + WORK
    }
    isAtWork = false
  }

  return {
    add(job, what) {
      const queue = what === 'urgent' ? urgent : others
      queue.push(job)
      if (!isAtWork) void work()
    },
    stop: () => {
      for (const queue of [urgent, others]) queue.splice(0)
    },
  }
}
