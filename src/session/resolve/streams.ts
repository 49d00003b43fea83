import type { Host } from '../../host.ts'

/** What a command gets of its caller's streams. */
export type Streams = { readonly terminal: boolean; readonly stdin: boolean }

/**
 * A terminal has one output, so a command gets one only when none of its caller's streams leads elsewhere. A caller's terminal is no
 * stdin for a command whose answer goes elsewhere: in `paude run -- make | less` the keys are the pager's.
 */
export const streamsOf = ({ terminal: { stdin, stdout, stderr } }: Pick<Host, 'terminal'>): Streams => ({
  terminal: stdin && stdout && stderr,
  stdin: !stdin || stdout,
})
