import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import { clock } from '../../network/clock.ts'
import { hostOfAddress } from '../../network/pattern.ts'
import { quote } from '../../plan/shell.ts'
import type { Found } from '../../session/record/found.ts'
import { changeSession } from '../../session/wall/change.ts'
import { jsonLine } from '../../text.ts'
import { dryRun, json, revision, type Values } from '../args.ts'
import { alsoTaking, only, PLANS } from '../front-flags.ts'
import { verb } from '../verb.ts'
import { findWithNetwork } from './requests.ts'
import { requireEntries, requireItsProject, requireScope, type Scope } from './scope.ts'
import { readUntil } from './until.ts'
import { writeScopes } from './write-scopes.ts'

const unsetArgs = {
  hosts: { type: 'positional', many: true, required: true, description: 'Hosts and @groups', offers: 'groups' },
  session: {
    type: 'string',
    valueHint: 'SESSION',
    description: 'This session (default: the one of this directory)',
    offers: 'sessions',
  },
  project: { type: 'boolean', description: "Also write the project's paude.toml" },
  user: { type: 'boolean', description: 'Also write your own config.toml' },
  verbose: revision,
  json,
  'dry-run': dryRun,
} as const

const args = {
  for: { type: 'string', valueHint: 'TIME', description: 'End the change after this time, like 10m, 2h or 90s' },
  once: { type: 'boolean', description: 'End the change after a minute, enough to try again' },
  ...unsetArgs,
} as const

type Word = 'allow' | 'deny' | 'unset'
type Given = Values<typeof unsetArgs> & Partial<Values<typeof args>>

export const allow = verb({
  description: 'Allow hosts in a running session',
  front: alsoTaking(PLANS, only('--user --project', 'profile')),
  args,
  examples: [
    ['paude network allow example.org', 'ports 443 and 80, in the session of this directory'],
    ['paude network allow example.org:8443 *.example.org', 'another port, and every host below it'],
    ['paude network allow https://example.org/docs', 'the whole host of an address'],
    ['paude network allow host.paude.internal:3000', 'a port of your own machine'],
    ['paude network allow @github --for 10m', 'the hosts of GitHub, for ten minutes'],
    ['paude network allow example.org --user', 'here, and in all new sessions'],
  ],
  run: (context, given) => change(context, 'allow', given),
})

export const deny = verb({
  description: 'Deny hosts in a session, even if something allows them',
  front: PLANS,
  args,
  examples: [
    ['paude network deny *.example.org --session fix-login', 'in another session'],
    ['paude network deny example.org --for 1h', 'for an hour'],
  ],
  run: (context, given) => change(context, 'deny', given),
})

export const unset = verb({
  description: 'Undo allow and deny for a host',
  front: PLANS,
  args: unsetArgs,
  examples: [
    ['paude network unset example.org', 'back to what the session was started with'],
    ['paude network unset @github --user', 'also remove it from your config.toml'],
  ],
  run: (context, given) => change(context, 'unset', given),
})

async function change(context: Context, verb: Word, given: Given): Promise<number> {
  const entries = given.hosts.map((word) => entryOf(context, word))
  if (given.json && given['dry-run'])
    throw new PaudeError('usage', '--dry-run and --json cannot be combined', {
      hint: 'leave one of them out',
    })
  const until = readUntil({ verb, once: given.once === true, time: given.for }, Date.now() / 1000)
  const scopes = scopesOf(context, { verb, entries, given, until })
  requireEntries(verb, entries)
  const found = scopes.length > 0 ? await sessionIfAny(context, given.session) : await sessionToChange(context, verb, given)
  if (found !== null && scopes.includes('project')) requireItsProject(context, found.record)
  // A session that will not have it leaves the files as they are.
  const changed =
    found === null
      ? null
      : await changeSession(context, found, { verb, entries, until }, given['dry-run'] === true).catch((error: unknown) => {
          const unsaid = verb === 'unset' && scopes.length > 0 && error instanceof PaudeError && error.code === 'not-found'
          if (unsaid) return null
          throw error
        })
  const code = await writeScopes(context, scopes, { verb, entries })
  if (changed === null || given['dry-run']) return code
  if (given.json) context.answer(jsonLine(changed))
  else
    context.answer(
      `${verb} ${entries.join(' ')} in ${changed.session}${ending(until)}${given.verbose ? `; policy ${changed.revision}` : ''}`,
    )
  return code
}

/** An address as people copy it means its host. It is not repeated: its path may be nobody's business. */
function entryOf({ note }: Context, word: string): string {
  const host = hostOfAddress(word)
  if (host !== null) note(`an entry is a whole host; using ${host}`)
  return host ?? word
}

/** The files that shall say so for later starts as well, each of which can. */
function scopesOf(
  context: Context,
  { verb, entries, given, until }: { verb: Word; entries: readonly string[]; given: Given; until: number },
): readonly Scope[] {
  const scopes = (['project', 'user'] as const).filter((scope) => given[scope] === true)
  const [first] = scopes
  if (first !== undefined && until !== 0)
    throw new PaudeError('usage', `--${first} cannot have an end time`, {
      hint: `leave --for and --once out, or leave --${first} out`,
    })
  if (first !== undefined && given['dry-run'])
    throw new PaudeError('usage', `--dry-run and --${first} cannot be combined`, {
      hint: 'leave one of them out',
    })
  for (const scope of scopes) requireScope(context, scope, { verb, entries })
  return scopes
}

/** Without a session here, the next start is meant, or all that come. */
async function sessionToChange(context: Context, verb: Word, { session, hosts }: Given): Promise<Found> {
  return await findWithNetwork(context, session).catch((error: unknown) => {
    if (!(error instanceof PaudeError) || error.code !== 'not-found' || session !== undefined) throw error
    const [first = ''] = hosts.map((word) => quote(hostOfAddress(word) ?? word))
    const once = verb === 'unset' ? '' : `for one start: paude --network-${verb} ${first}; `
    throw new PaudeError(error.code, error.message, {
      hint: `${once}for all starts here: paude network ${verb} ${first} --project; another session: --session SESSION`,
    })
  })
}

/** The session that is named, or the one of this directory if there is one. */
async function sessionIfAny(context: Context, word: string | undefined): Promise<Found | null> {
  if (word !== undefined) return await findWithNetwork(context, word)
  return await findWithNetwork(context, word).catch((error: unknown) => {
    if (error instanceof PaudeError && (error.code === 'not-found' || error.code === 'unsupported')) return null
    throw error
  })
}

const ending = (until: number): string => (until === 0 ? '' : ` until ${clock(until * 1000)}`)
