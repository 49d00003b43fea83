import { capture } from '../run/process.ts'
import type { SessionRecord } from '../session/record.ts'
import { changed, fingerprint, isYounger, nestedRepositories } from '../workspace/watch.ts'
import type { Context } from './context.ts'
import { printable } from './output.ts'

/** Names what a session made or changed that this machine may run by itself: hooks, editor tasks, nested repositories. */
export async function warnOfPlanted(context: Context, record: SessionRecord): Promise<void> {
  const paths = [...changed(record.watch), ...(await newRepositories(record))]
  if (paths.length === 0) return
  context.warn(
    `new or changed in the project since the session began, and this machine may run it: ${paths.map(printable).join(', ')}; look before you trust it`,
  )
}

/** Looked for only when the index changed: git must read all of it. */
async function newRepositories({ workspace, index, created }: SessionRecord): Promise<readonly string[]> {
  if (index === null || fingerprint(index.path) === index.mark) return []
  const { argv, parse } = nestedRepositories(workspace)
  try {
    const { code, stdout } = await capture(argv, { signal: AbortSignal.timeout(5_000) })
    return code === 0 ? parse(stdout).filter((path) => isYounger(path, Date.parse(created))) : []
  } catch {
    return []
  }
}
