/** What docker's two builders and podman's print when a step of a Dockerfile begins. */
const STEP = /(?:^|\n)(?:\[\d+\/\d+\] )?(?:Step|STEP) (\d+)\/(\d+)|(?:^|\n)#\d+ \[(?:[\w.-]+ +)?(\d+)\/(\d+)\]/g

/** Which step of how many a build has reached, like `3 of 12`; null where its output does not say. */
export function buildStep(output: string): string | null {
  const [, step = '', steps = '', stage = '', stages = ''] = [...output.matchAll(STEP)].at(-1) ?? []
  return step + stage === '' ? null : `${step || stage} of ${steps || stages}`
}

/** What builders and package managers print while all is well: it hides what went wrong. */
const ORDINARY =
  /^(?:#\d+ [\d.]+ )?\s*(?:Get:|Hit:|Ign:|Fetched |Reading (?:package lists|state information)|Building dependency tree|Selecting previously|Preparing to unpack|Unpacking |Setting up |Processing triggers|\(Reading database|--->|DEPRECATED: The legacy builder|Install the buildx component|https:\/\/docs\.docker\.com\/go\/buildx|Sending build context|Removing intermediate container|debconf: )|^\s*$/

/** Lines of it that are shown. */
const MOST_LINES = 20

/** The end of what a build printed, without what says nothing of why it failed. */
export function tellingEnd(log: string): readonly string[] {
  const lines = log.trim().split('\n')
  const telling = lines.filter((line) => !ORDINARY.test(line))
  return (telling.length === 0 ? lines : telling).slice(-MOST_LINES)
}
