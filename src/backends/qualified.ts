/** What docker means by a short name. podman would ask on a terminal which registry is meant, and refuse without one. */
export function qualified(reference: string): string {
  const [first = '', ...rest] = reference.split('/')
  if (rest.length === 0) return `docker.io/library/${reference}`
  return /[.:]|^localhost$/.test(first) ? reference : `docker.io/${reference}`
}
