/** Names of a session's parts. The agent bears the bare id; `gate` and the volume `link` belong to sessions that an older paude made. */
export const parts = (id: string) => ({
  agent: id,
  gate: `${id}-gate`,
  proxy: `${id}-proxy`,
  link: `${id}-link`,
  workspace: `${id}-workspace`,
})

/** Where a box has a git that can write its copies; first in the PATH of what runs there. */
export const BIN = '/paude/bin'
