import { closeSync, constants, openSync } from 'node:fs'

// Linux reaches what lies in an open folder through /proc, so no name above it is looked up again. macOS has a flag that
// refuses a link anywhere in a path (O_NOFOLLOW_ANY), for what is opened; what is made there is looked up by its path.
const LINUX = process.platform === 'linux'
export const NO_LINK = LINUX ? constants.O_NOFOLLOW : 0x2000_0000
/** On Linux O_PATH: a folder above the project may be passed through and not be read. */
export const FOLDER = constants.O_DIRECTORY | NO_LINK | (LINUX ? 0o1000_0000 : 0)

/** The path by which an open folder is reached; `path` is its own. */
export const wayTo = (held: number, path: string): string => (LINUX ? `/proc/self/fd/${held}` : path)

/** Opens a folder by its real path: a link that was put on the way since is not followed. */
export function openFolder(path: string): number {
  if (!LINUX) return openSync(path, FOLDER)
  let held = openSync('/', FOLDER)
  for (const name of path.split('/').filter((part) => part !== '')) {
    const above = held
    try {
      held = openSync(`/proc/self/fd/${above}/${name}`, FOLDER)
    } finally {
      closeSync(above)
    }
  }
  return held
}
