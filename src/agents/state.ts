/** Before what a title looks like. */
export const TITLE = 'title:'

/** Repetitions and groups together: each of them multiplies the ways in which a title can be tried. */
const MOST = 2

/** Whether a state can be read, and a hostile title makes its pattern take no time: no group that repeats, and few of the rest. */
export function isStatePattern(state: string): boolean {
  if (state === 'osc' || state === 'none') return true
  const pattern = state.startsWith(TITLE) ? state.slice(TITLE.length) : ''
  if (pattern === '' || pattern.length > 200) return false
  const bare = pattern.replace(/\\[\s\S]/g, '_')
  if (/\)[*+?{]/.test(bare) || (bare.match(/\((\?[:=!<])?|[*+?{]/g) ?? []).length > MOST || /\\[1-9k]/.test(pattern)) return false
  try {
    return new RegExp(pattern, 'u') instanceof RegExp
  } catch {
    return false
  }
}
