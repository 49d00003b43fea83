import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import type { SyncResult } from '../../session/clone/sync.ts'
import type { Found } from '../../session/record/found.ts'
import { firstOf, nameInside, quoted } from '../../text.ts'

type Told = { readonly result: SyncResult; readonly dryRun: boolean }

/** One line for scripts. */
export function tellJson(context: Context, { record }: Found, { result, dryRun }: Told): void {
  const { sent, removed, refused, leftOut } = result
  context.answer(quoted({ session: record.id, dryRun, sent, removed, refused, leftOut }))
}

/** What was sent, for people. */
export function tellText(context: Context, _: Found, { result, dryRun }: Told): void {
  const { sent, removed, refused, leftOut, secrets } = result
  const list = (paths: readonly string[]) =>
    `${paths.length === 1 ? '1 file' : `${paths.length} files`}: ${firstOf(paths.map(nameInside))}`
  if (sent.length > 0) context.answer(`${dryRun ? 'would send' : 'sent'} ${list(sent)}`)
  if (removed.length > 0) context.answer(`${dryRun ? 'would remove' : 'removed'} ${list(removed)}`)
  if (sent.length + removed.length + refused.length === 0) context.note('nothing to sync: the clone has your files')
  if (secrets.length > 0) context.warn(`may hold secrets: ${firstOf(secrets.map(nameInside))}`)
  for (const why of new Set(leftOut.map((one) => one.why)))
    context.note(
      `not synced, since ${why}: ${firstOf(leftOut.filter((one) => one.why === why).map(({ path }) => nameInside(path)))}`,
    )
}

/** Says which files stay, and why. */
export function refusal({ record }: Pick<Found, 'record'>, refused: SyncResult['refused']): PaudeError {
  const name = record.name || record.id
  const lines = refused.slice(0, 10).map(({ path, why }) => `  ${nameInside(path)}: ${why}`)
  const more = refused.length > 10 ? [`  and ${refused.length - 10} more`] : []
  return new PaudeError('refused', ['not synced, so the clone keeps what it has', ...lines, ...more].join('\n'), {
    hint: `paude diff ${name} shows the work of the agent, paude sync --force ${name} overwrites these files`,
  })
}
