/** Names of a session's parts. The agent bears the bare id. */
export const parts = (id: string) => ({ agent: id, gate: `${id}-gate`, proxy: `${id}-proxy`, link: `${id}-link` })
