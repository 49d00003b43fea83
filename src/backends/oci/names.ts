/** Names of a session's parts. The agent bears the bare id; `gate` and the volume `link` belong to sessions that an older paude made. */
export const parts = (id: string) => ({ agent: id, gate: `${id}-gate`, proxy: `${id}-proxy`, link: `${id}-link` })

/** Where a box has its first program. */
export const INIT = '/paude/init'
