import type { Context } from '../../context.ts'
import { isHeld, readHoldState } from '../../hold/place.ts'
import type { SessionRecord } from '../../session/record/record.ts'
import { startOf } from '../../session/record/started.ts'
import { folderNames, readRecord, sessionFolder } from '../../session/record/store.ts'
import { shown } from '../../text.ts'
import { ago } from '../sessions/session-table.ts'

/**
 * Says that an agent runs on the same files already: one goes on when its terminal closes. The state folder knows, so no engine is asked.
 * Before every start, so records are read of those alone whose holder lives.
 */
export function noteOthers(
  { host, note }: Pick<Context, 'host' | 'note'>,
  started: Pick<SessionRecord, 'workspace' | 'volume' | 'repos'>,
): void {
  if (started.volume !== undefined) return
  const ours = foldersOf(started)
  const others = folderNames(host)
    .filter((id) => isHeld(readHoldState(sessionFolder(host, id))))
    .flatMap((id) => readRecord(host, id) ?? [])
    .filter((record) => record.agent !== 'command' && record.volume === undefined && sharedWith(ours, record) !== undefined)
    .toSorted((a, b) => (a.created < b.created ? 1 : -1))
  const [last] = others
  if (last === undefined) return
  const shared = sharedWith(ours, last) ?? ''
  const place = shared === started.workspace ? 'here' : `in ${shown(shared)}`
  const name = last.name || last.id
  const since = ago(startOf(sessionFolder(host, last.id), last)).replace(/ ago$/, '')
  const more = others.length === 1 ? '' : `, and ${others.length - 1} more`
  note(
    `${name} has been running ${place} for ${since}${more} (paude attach ${name}); starting a second session on the same files`,
  )
}

/** What a session can write: the project, and further repositories. */
const foldersOf = ({ workspace, repos }: Pick<SessionRecord, 'workspace' | 'repos'>): readonly string[] => [
  workspace,
  ...repos.flatMap(({ root, readOnly }) => (readOnly ? [] : [root])),
]

const sharedWith = (folders: readonly string[], record: SessionRecord): string | undefined =>
  folders.find((folder) => foldersOf(record).includes(folder))
