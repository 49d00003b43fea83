/** What docker's two builders and podman's print when a step of a Dockerfile begins. */
const STEP = /(?:^|\n)(?:\[\d+\/\d+\] )?(?:Step|STEP) (\d+)\/(\d+)|(?:^|\n)#\d+ \[(?:[\w.-]+ +)?(\d+)\/(\d+)\]/g

/** Which step of how many a build has reached, like `3 of 12`; null where its output does not say. */
export function buildStep(output: string): string | null {
  const [, step = '', steps = '', stage = '', stages = ''] = [...output.matchAll(STEP)].at(-1) ?? []
  return step + stage === '' ? null : `${step || stage} of ${steps || stages}`
}
