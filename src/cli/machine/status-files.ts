import { existsSync } from 'node:fs'
import type { Host } from '../../host.ts'
import type { Judged } from '../../project/judge.ts'
import type { ConfigHere } from '../config/config-here.ts'
import { trustCommand } from '../config/start-config.ts'

/** A file that configures a start here. */
export type FileState = {
  readonly layer: 'managed' | 'user' | 'project'
  readonly file: string
  /** `absent` may be written, `unread` is left out since one of them is broken, `untrusted` waits for `paude trust`, `restricted` only narrows since the user wants it so. */
  readonly state: 'read' | 'unread' | 'absent' | 'trusted' | 'untrusted' | 'restricted'
  /** What a project's file opens; empty for the rest. */
  readonly opens: readonly string[]
  /** The command that gives the user's word; '' where none is waited for. */
  readonly fix: string
}

/** The files of a start here, from the strongest to the weakest. */
export function fileStates({ managedFile }: Host, here: ConfigHere): readonly FileState[] {
  const { file } = here.config
  const state = here.broken === 'all' ? 'unread' : 'read'
  return [
    ...(existsSync(managedFile) ? [{ layer: 'managed', file: managedFile, state, opens: [], fix: '' } as const] : []),
    { layer: 'user', file, state: existsSync(file) ? state : 'absent', opens: [], fix: '' },
    ...here.judged.map((judged) => projectFile(here, judged)),
  ]
}

function projectFile({ config, open }: ConfigHere, judged: Judged): FileState {
  const opens = judged.items.map(({ key, value }) => `${key} = ${value}`)
  const state = opens.length === 0 ? 'read' : config.settings.projectConfig === 'restrict' ? 'restricted' : 'trusted'
  const file = { layer: 'project', file: judged.file.file, opens } as const
  return open.includes(judged) ? { ...file, state: 'untrusted', fix: trustCommand(config) } : { ...file, state, fix: '' }
}
