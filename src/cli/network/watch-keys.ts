import { existsSync, rmSync } from 'node:fs'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import type { Change, Word } from '../../network/changes.ts'
import { parseAllow } from '../../network/pattern.ts'
import { standing } from '../../network/standing.ts'
import { editableFile, trustNote } from '../../project/editable.ts'
import { revoke } from '../../project/trust.ts'
import type { Found } from '../../session/record/found.ts'
import { readRecord } from '../../session/record/store.ts'
import { policyNow } from '../../session/resolve/policy.ts'
import { changeSession } from '../../session/wall/change.ts'
import { trustFolder } from '../../state.ts'
import { changeOnYourWord } from '../config/change-on-word.ts'
import { overruled } from './overruled.ts'
import { editScope, requireItsProject, requireScope, type Scope } from './scope.ts'
import { ONCE } from './until.ts'

/** What a key came to, and how it is taken back. */
export type Done = { readonly said: string; readonly undo: () => Promise<string> }

type Act = (context: Context, found: Found, entry: string) => Promise<Done>

/** What a key does to the host that is chosen. */
export const ACTS: Readonly<Record<string, Act>> = {
  o: (context, found, entry) =>
    say(context, found, { verb: 'allow', entry, seconds: ONCE, said: `${entry} is allowed for a minute` }),
  t: (context, found, entry) =>
    say(context, found, { verb: 'allow', entry, seconds: 600, said: `${entry} is allowed for ten minutes` }),
  s: (context, found, entry) =>
    say(context, found, { verb: 'allow', entry, seconds: 0, said: `${entry} is allowed in ${found.record.id}` }),
  p: (context, found, entry) => everywhere(context, found, { scope: 'project', entry }),
  u: (context, found, entry) => everywhere(context, found, { scope: 'user', entry }),
  n: (context, found, entry) =>
    say(context, found, {
      verb: 'deny',
      entry,
      seconds: 0,
      said: `${entry} is denied in ${found.record.id}, even if something allows it`,
    }),
}

type Wish = { readonly verb: 'allow' | 'deny'; readonly entry: string; readonly seconds: number; readonly said: string }

async function say(context: Context, found: Found, { verb, entry, seconds, said }: Wish): Promise<Done> {
  const before = changesOf(context, found)
  const until = seconds === 0 ? 0 : Math.ceil(Date.now() / 1000) + seconds
  await changeSession(context, found, { verb, entries: [entry], until })
  const canonical = changesOf(context, found).at(-1)?.entry ?? entry
  return {
    said,
    undo: async () => {
      await sayAgain(context, found, {
        entry: canonical,
        before: before.filter((one) => one.entry === canonical),
      })
      return undone(context, found, { verb, entry })
    },
  }
}

/** What holds of an entry now that a key was taken back. */
function undone({ host }: Context, { record }: Found, { verb, entry }: Pick<Wish, 'verb' | 'entry'>): string {
  const policy = policyNow(readRecord(host, record.id) ?? record, Date.now() / 1000)
  const { host: name, ports } = parseAllow(entry, '', policy.ports)
  const { state } = standing(policy, { host: name, port: ports.includes(443) ? 443 : (ports[0] ?? 443), rule: '' })
  return `undone: ${entry} is ${state} again${verb === 'deny' && state !== 'denied' ? ', no longer denied' : ''}`
}

/** What was said about an entry before: all of it is taken back, and then said again. */
async function sayAgain(
  context: Context,
  found: Found,
  { entry, before }: { readonly entry: string; readonly before: readonly Change[] },
): Promise<void> {
  const now = Date.now() / 1000
  const still = before.filter(({ until }) => until === 0 || until > now)
  const entries = [entry]
  // One for good takes the place of everything, so nothing is open or closed in between.
  const words: readonly Word[] = [
    ...(still[0]?.until === 0 ? [] : [{ verb: 'unset', entries, until: 0 } as const]),
    ...still.map(({ verb, until }) => ({ verb, entries, until })),
  ]
  for (const word of words) await changeSession(context, found, word)
}

async function everywhere(
  context: Context,
  found: Found,
  { scope, entry }: { readonly scope: Scope; readonly entry: string },
): Promise<Done> {
  const { host } = context
  const project = scope === 'project'
  const word = { verb: 'allow', entries: [entry] } as const
  if (project) requireItsProject(context, found.record)
  requireScope(context, scope, word)
  const fresh = !existsSync(editableFile(host, project).file)
  const done = await say(context, found, { verb: 'allow', entry, seconds: 0, said: '' })
  const before = await editScope(context, scope, word)
  const after = editableFile(host, project).text
  const inVain = (await overruled(context, [entry])).get(entry)
  const said = `${entry} is allowed, and written to ${before.file}${trustNote(before)}${inVain === undefined ? '' : `; but ${inVain}`}`
  return {
    said,
    undo: async () => {
      const again = await done.undo()
      await changeOnYourWord(context, project, (now) => {
        if (now.text !== after || now.file !== before.file)
          throw new PaudeError('refused', `${again} only in the session: ${before.file} has changed meanwhile`)
        if (!fresh) return before.text
        rmSync(before.file, { force: true })
        // A box may bring the same content back.
        if (project) revoke(trustFolder(host), before.file)
        return null
      })
      return `${again}, and ${before.file} is restored`
    },
  }
}

const changesOf = ({ host }: Context, { record }: Found): readonly Change[] => (readRecord(host, record.id) ?? record).changes
