import { readLines } from '../../box/limits.ts'
import { detachBytes } from '../../hold/keys.ts'
import { numeral, row, text } from '../../key.ts'

const notIn = {
  project: 'write it into your own config.toml, since it acts on this machine and not on the sandbox',
  managed: 'write it into the config.toml of each user',
}

/** `[terminal]`: how you look at a session. */
export const terminal = {
  /** Key names with commas between, or `none`. */
  detachKeys: row({
    key: 'terminal.detach_keys',
    meaning: 'Keys that detach from a session, or none',
    initial: 'ctrl-p,ctrl-q',
    schema: text,
    rule: 'own',
    onHost: true,
    withoutBox: 'free',
    notIn,
    read: detachBytes,
    flags: [
      {
        name: 'detach-keys',
        rank: 90,
        valueHint: 'KEYS',
        description: 'Keys that detach from a session (default: ctrl-p,ctrl-q); none for no keys',
      },
    ],
  }),
  /** Off unless you say so: a path that an agent printed would bring a picture of yours into its box with the next paste. */
  dropFiles: row({
    key: 'terminal.drop_files',
    meaning: 'Whether a pasted path of an image file of this machine is copied for the session',
    initial: false as boolean,
    schema: (v) => v.boolean(),
    rule: 'own',
    withoutBox: 'free',
    notIn,
  }),
  /** As typed. */
  scrollback: row({
    key: 'terminal.scrollback',
    meaning: 'Lines to keep that have scrolled off the screen of a session',
    initial: '2000',
    schema: numeral,
    rule: 'own',
    onHost: true,
    withoutBox: 'free',
    notIn,
    read: readLines,
    flags: [
      {
        name: 'scrollback',
        rank: 90,
        valueHint: 'LINES',
        description: 'Lines to keep that have scrolled off the screen of a session (default: 2000)',
      },
    ],
  }),
}
