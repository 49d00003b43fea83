import type { Context } from '../../context.ts'
import { firstOf, nameInside } from '../../text.ts'
import type { Executed } from '../../workspace/incoming.ts'

/** Names what a merge would let this machine run: severe ones with who runs them, what builds run in one line. */
export function warnOfExecuted({ note, warn }: Pick<Context, 'note' | 'warn'>, executed: readonly Executed[]): void {
  const severe = executed.filter(({ severity }) => severity !== 'shown')
  const shown = executed.filter(({ severity }) => severity === 'shown')
  const lines = severe.slice(0, 10).map(({ path, tool, why }) => `  ${nameInside(path)}: ${tool} ${why}`)
  if (severe.length > lines.length) lines.push(`  and ${severe.length - lines.length} more`)
  if (lines.length > 0) warn(`changed on these branches, and this machine acts on it once you merge:\n${lines.join('\n')}`)
  if (shown.length > 0) note(`changed, and builds or tests run it: ${firstOf(shown.map(({ path }) => nameInside(path)))}`)
}
