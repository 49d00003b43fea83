import { agentOfRecord } from '../../agents/registry.ts'
import type { Layer } from '../../config/keys/settings.ts'
import { parse } from '../../config/layers/load.ts'
import { readManagedFile } from '../../config/layers/managed.ts'
import { mergeSources } from '../../config/layers/merge.ts'
import { PaudeError } from '../../errors.ts'
import type { Host } from '../../host.ts'
import type { SessionRecord } from '../record/record.ts'
import { beyondManaged, missingDenial } from '../resolve/managed.ts'
import { ownProviders } from '../resolve/network.ts'

/** Refuses a session, as it is or as it is to become, that has more than is managed now. */
export async function requireManaged(host: Host, record: SessionRecord): Promise<void> {
  const managed = await readManaged(host)
  const agent = agentOfRecord(record)
  const own = agent === null ? [] : ownProviders({ host, agent, managed })
  const beyond = beyondManaged(record, managed, { own, now: Date.now() / 1000 })
  if (beyond !== null) throw refusal(`${beyond} of session ${record.id} exceeds the limit in ${host.managedFile}`, record)
  refuseUndenied(host, record, managed)
}

/** Refuses to take a managed denial out of a session. */
export async function requireDenied(host: Host, record: SessionRecord): Promise<void> {
  refuseUndenied(host, record, await readManaged(host))
}

function refuseUndenied(host: Host, record: SessionRecord, managed: Layer): void {
  const missing = missingDenial(record, managed, Date.now() / 1000)
  if (missing !== null)
    throw new PaudeError(
      'refused',
      `session ${record.id} does not deny ${missing}, which ${host.managedFile} denies for every user`,
      {
        hint: `while it runs: paude network deny ${missing} --session ${record.id}; or start a new session`,
      },
    )
}

const refusal = (message: string, { id }: SessionRecord): PaudeError =>
  new PaudeError('refused', message, {
    hint: `start a new session (while this one runs, paude fork ${id} copies its conversation), or ask the administrator of this machine`,
  })

async function readManaged(host: Host): Promise<Layer> {
  const written = readManagedFile(host.managedFile)
  if (written === null) return {}
  return mergeSources({ file: '', sources: [], managed: (await parse(written, '')).sources }).managed
}
