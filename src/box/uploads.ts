/** Folder of a session's folder with what its user sent, which the box reads and does not write. */
export const UPLOADS = 'uploads'

/** Where a box sees it. */
export const UPLOADS_AT = '/paude/uploads'

/** Whether a box has one: a single command is told everything when it starts. */
export const takesUploads = ({ agent }: { readonly agent: string }): boolean => agent !== 'command'
