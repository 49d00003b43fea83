import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import type { Manifest } from '../../session/backup/manifest.ts'
import { takeBackup } from '../../session/backup/take.ts'
import { landingOf } from '../../session/copy/land.ts'
import { findSession } from '../../session/life/find.ts'
import type { Found } from '../../session/record/found.ts'
import { shown } from '../../text.ts'
import { ACTS } from '../front-flags.ts'
import { writeAll } from '../streams/output.ts'
import { verb } from '../verb.ts'

export default verb({
  description: 'Keep a session in one file',
  details:
    'The file holds the conversation, what the session was allowed, and of a clone all commits and uncommitted files. No credential is in it. Of a session in your folder it names the folder alone.',
  front: ACTS,
  examples: [
    ['paude backup fix-login fix-login.paude', 'a session that is stopped'],
    ['paude backup fix-login - | gzip >fix-login.gz', 'as a stream'],
  ],
  args: {
    words: { type: 'positional', many: true, description: '[SESSION] FILE, or - for stdout', offers: 'sessions' },
  },
  async run(context, given) {
    const [first, second, more] = given.words
    const to = second ?? first
    if (to === undefined || more !== undefined)
      throw new PaudeError('usage', 'paude backup takes a session and a file', { hint: 'paude backup SESSION FILE' })
    if (to === '-' && context.host.terminal.stdout)
      throw new PaudeError('usage', 'a backup on a terminal is unreadable', { hint: 'paude backup SESSION FILE' })
    const found = await findSession(context, second === undefined ? undefined : first).catch((error: unknown) => {
      if (second !== undefined || !(error instanceof PaudeError) || error.code !== 'not-found') throw error
      throw new PaudeError(error.code, `${error.message}, and ${shown(to)} is taken as the file`, {
        hint: `name both: paude backup SESSION FILE; list the sessions: paude sessions`,
      })
    })
    const manifest = to === '-' ? await takeBackup(context, found, toStdout) : await intoFile(context, found, to)
    tell(context, found, manifest)
    return 0
  },
})

function toStdout(piece: Uint8Array): void {
  if (!writeAll(1, piece)) throw new PaudeError('output', 'stdout was closed before the backup was whole')
}

/** Has its name once all of it is there, and replaces nothing. */
async function intoFile(context: Context, found: Found, text: string): Promise<Manifest> {
  const { folder, name } = landingOf(text, `${found.record.name || found.record.id}.paude`, { host: context.host, force: false })
  const path = join(folder, name)
  const draft = `${path}.${crypto.randomUUID().slice(0, 8)}`
  try {
    const file = openSync(draft, 'wx', 0o600)
    try {
      const manifest = await takeBackup(context, found, (piece) => {
        for (let done = 0; done < piece.length; ) done += writeSync(file, piece, done)
      })
      fsyncSync(file)
      // Somebody may have made one of this name meanwhile.
      closeSync(openSync(path, 'wx', 0o600))
      renameSync(draft, path)
      context.answer(path)
      return manifest
    } finally {
      closeSync(file)
    }
  } catch (cause) {
    if (cause instanceof PaudeError) throw cause
    const { code = '' } = cause as { code?: string }
    if (code === 'ENOSPC') throw new PaudeError('disk-full', `no space left in ${shown(folder)}`, { cause })
    throw new PaudeError('command-failed', `cannot write ${shown(path)} (${code})`, { hint: 'name another file', cause })
  } finally {
    rmSync(draft, { force: true })
  }
}

/** What the file does not have. */
function tell({ note }: Pick<Context, 'note'>, { record }: Found, { session, files }: Manifest): void {
  if (session.conversation === '') note('the backup has no conversation: none was found')
  if (session.mode === 'bind')
    note(`the files of ${shown(record.workspace)} are not in the backup: the session works in your folder`)
  if (session.mode === 'none') note('the files of the session are not in the backup: paude cp brings them')
  if (files.some(({ name }) => name === 'workspace.bundle'))
    note('ignored files of the clone are not in the backup: paude cp brings them')
}
