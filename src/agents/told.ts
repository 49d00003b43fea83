/** What every agent is told of the network of its box. */
export const toldOfBox = (restricted: boolean): string => (restricted ? WALLED : OPEN)

const WALLED = `This session runs in a container of paude. It reaches the network only through a proxy with an allowlist, already set in the
environment. A 403 on CONNECT, or "tunnel failed, response 403", means that the host is not on the allowlist, or that it is but its name does not
resolve to a public address: do not retry by yourself. \`curl http://paude.internal/\` prints the list. Tell the user which host is
needed; only they can allow it, with \`paude network allow HOST\`. It takes effect without a restart: try again when they tell you. API keys in the environment are placeholders.
`
const OPEN = `This session runs in a container of paude with an open network. API keys in the environment are placeholders.
`
