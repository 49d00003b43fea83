/** Where the box finds its copy, by a link of its own: what is in HOME can be shared by boxes with different copies. */
export const PLACE = '/tmp/.claude/imported'
