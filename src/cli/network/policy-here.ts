import { claude } from '../../agents/claude.ts'
import { PaudeError } from '../../errors.ts'
import type { Policy } from '../../network/allow.ts'
import { parseAllow } from '../../network/pattern.ts'
import { revisionOf } from '../../network/revision.ts'
import { policyNow, startPolicy } from '../../session/policy.ts'
import type { SessionRecord } from '../../session/record.ts'
import type { Context } from '../context.ts'
import { findSession } from '../find-session.ts'
import { readProject } from '../project-config.ts'
import { settle } from '../start-config.ts'

/** The policy that is asked about. */
export type Asked = { readonly record: SessionRecord | null; readonly policy: Policy & { readonly revision: string } }

/** That of a session now; where none is named and none belongs to this directory, that of a start here. */
export async function policyHere(context: Context, word: string | undefined): Promise<Asked> {
  const record = await findSession(context, word).then(
    (found) => found.record,
    (error: unknown) => {
      if (word !== undefined || !(error instanceof PaudeError) || error.code !== 'not-found') throw error
      return null
    },
  )
  if (record?.network === 'none') throw new PaudeError('unsupported', `session ${record.id} has no network`)
  if (record !== null) return { record, policy: policyNow(record, Date.now() / 1000) }
  context.note('no session belongs to this directory: this is what a start here would have')
  return { record: null, policy: await policyOfStart(context) }
}

async function policyOfStart(context: Context): Promise<Asked['policy']> {
  const { host, flags } = context
  // What a project's files open counts once they are trusted.
  const { config } = settle(context, await readProject(context, flags))
  const credential = claude.credential(host)
  const policy = startPolicy(config, {
    session: '',
    needed: claude.needs(host, credential).map((one) => parseAllow(one.host, one.why)),
    injection: credential === null ? null : { ...credential.injection, way: config.settings.inject },
  })
  return { ...policy, revision: revisionOf(policy) }
}
