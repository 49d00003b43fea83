type Session = { readonly id: string; readonly name: string }

/** The branch that the agent is on, and what its commits are called in the project: a ref in refs/remotes. */
export const branchOf = (session: Session): string => `paude/${sessionWord(session)}`

/** The remote of a session, and the folder of refs/remotes with its other branches. */
export const remoteOf = (session: Session): string => `paude-${sessionWord(session)}`

/** Where a branch of a clone comes to be in the project. */
export const refOf = (session: Session, branch: string): string =>
  `refs/remotes/${branch === branchOf(session) ? branch : `${remoteOf(session)}/${branch}`}`

/** How refs call a session: by its name, else by the random part of its id. */
export const sessionWord = ({ id, name }: Session): string => name || id.replace(/^paude-/, '')
