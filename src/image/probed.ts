/** What images/check.sh says: key → value, '' for what it looked for in vain. */
export type Probe = Readonly<Record<string, string>>

/** HOME within the probe: on a tmpfs, since a session's HOME is a volume and never the image's. */
export const PROBE_HOME = '/tmp/home'

export const readProbe = (stdout: string): Probe =>
  Object.fromEntries(
    stdout.split('\n').flatMap((line) => {
      const [, key, value] = /^([a-z][a-z-]*)=(.*?)\s*$/.exec(line) ?? []
      return key === undefined || value === undefined ? [] : [[key, value]]
    }),
  )
