/** Whether a version is lower, by its leading numbers. What bears no number is not judged. */
export function older(version: string, floor: string): boolean {
  const [have, need] = [numbers(version), numbers(floor)]
  if (have.length === 0) return false
  for (const [at, least] of need.entries()) {
    const part = have[at] ?? 0
    if (part !== least) return part < least
  }
  return false
}

const numbers = (version: string): readonly number[] =>
  (/^v?(\d+(?:\.\d+)*)/.exec(version)?.[1] ?? '').split('.').filter(Boolean).map(Number)
