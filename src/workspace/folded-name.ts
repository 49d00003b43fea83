import { UNSEEN } from '../text.ts'

/** A name as the least exact file system compares it: without case, what nobody sees, and dots and blanks at the end, and by its short name. */
export const foldedName = (name: string): string =>
  name
    .normalize('NFKC')
    .replace(UNSEEN, '')
    .toLowerCase()
    .replace(/[. ]+$/, '')
    .replace(/^git~\d$/, '.git')
