import { defineCommand, type ParsedArgs } from 'citty'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import type { Found } from '../../session/record/found.ts'
import { changeSession } from '../../session/wall/change.ts'
import { jsonLine, nearest } from '../../text.ts'
import { dryRun } from '../args.ts'
import { flagsOf, mostWords } from '../words.ts'
import { proposeList } from './propose.ts'
import { findWithNetwork, showBlocked, showLog } from './requests.ts'
import { insistOnScope, type Scope } from './scope.ts'
import { showGroups, showList, showWhy } from './show.ts'
import { readUntil } from './until.ts'
import { writeScopes } from './write-scopes.ts'

const args = {
  what: {
    type: 'positional',
    description: 'list, allow, deny, unset, why, blocked, watch, propose, log or groups',
    required: true,
  },
  hosts: { type: 'positional', description: 'Hosts, an address or a session', required: false },
  session: {
    type: 'string',
    valueHint: 'SESSION',
    description: 'allow, deny, unset: this session (default: the one of this directory)',
  },
  for: { type: 'string', valueHint: 'TIME', description: 'allow, deny: for so long, like 10m, 2h or 90s' },
  once: { type: 'boolean', description: 'allow, deny: for the next minute, which is enough to try again' },
  project: { type: 'boolean', description: "allow, deny, unset: in the project's paude.toml too; propose: write it there" },
  user: { type: 'boolean', description: 'allow, deny, unset: in your own config.toml too' },
  origin: { type: 'boolean', description: 'list: say who asked for each entry' },
  blocked: { type: 'boolean', description: 'log: only what was blocked' },
  follow: { type: 'boolean', description: 'log: go on as more is asked for' },
  json: { type: 'boolean', description: 'Print JSON; log: one object a line' },
  'dry-run': dryRun,
} as const

type Given = ParsedArgs<typeof args>
type Act = (context: Context, words: readonly string[], given: Given) => Promise<number> | number

/** Everything after `paude network`. */
const ACTS: Readonly<Record<string, Act>> = {
  list: (context, [session], { json, origin }) => showList(context, session, { json: json === true, origin: origin === true }),
  allow: (context, hosts, given) => change(context, 'allow', hosts, given),
  deny: (context, hosts, given) => change(context, 'deny', hosts, given),
  unset: (context, hosts, given) => change(context, 'unset', hosts, given),
  why: (context, [url, session], { json }) => {
    if (url === undefined)
      throw new PaudeError('usage', 'paude network why: URL is missing', { hint: 'paude network why https://example.org' })
    return showWhy(context, url, session, json === true)
  },
  blocked: (context, [session], { json }) => showBlocked(context, session, json === true),
  log: (context, [session], { blocked, follow, json }) =>
    showLog(context, session, { blocked: blocked === true, follow: follow === true, json: json === true }),
  watch: async (context, [session], { json }) => (await import('./watch.ts')).watchNetwork(context, session, json === true),
  propose: (context, [session], { json, project }) =>
    proposeList(context, session, { json: json === true, project: project === true }),
  groups: (context, [name], { json }) => showGroups(context, name, json === true),
}

export default (context: Context) =>
  defineCommand({
    meta: {
      name: 'network',
      description:
        'Show and change what a session may reach: paude network list|allow|deny|unset|why|blocked|watch|propose|log|groups',
    },
    args,
    async run({ rawArgs, args: given }) {
      const act = Object.hasOwn(ACTS, given.what) ? ACTS[given.what] : undefined
      if (act === undefined) {
        const close = nearest(given.what, Object.keys(ACTS))
        throw new PaudeError('usage', `paude network has no verb ${JSON.stringify(given.what)}`, {
          hint: `paude network ${close ?? Object.keys(ACTS).join(', ')}`,
        })
      }
      const most = mostWords('network', given.what)
      if (rawArgs.length > most)
        throw new PaudeError('usage', `paude network ${given.what}: one word too many: ${JSON.stringify(rawArgs[most])}`, {
          hint: 'paude help network',
        })
      const stray = (Object.keys(args) as (keyof typeof args)[]).find(
        (name) =>
          name !== 'what' && name !== 'hosts' && given[name] !== undefined && !flagsOf('network', given.what).includes(name),
      )
      if (stray !== undefined) throw strayFlag(given.what, stray)
      return await act(context, rawArgs, given)
    },
  })

function strayFlag(verb: string, flag: string): PaudeError {
  const verbs = Object.keys(ACTS).filter((name) => flagsOf('network', name).includes(flag))
  const hint =
    flag === 'session'
      ? `name the session as a word: paude network ${verb}${verb === 'why' ? ' URL' : ''} SESSION`
      : `it goes with ${verbs.join(', ')}; ${verb} takes ${flagsOf('network', verb)
          .map((one) => `--${one}`)
          .join(', ')}`
  return new PaudeError('usage', `paude network ${verb}: --${flag} means nothing there`, { hint })
}

/** `paude network allow|deny|unset HOST…`. */
async function change(
  context: Context,
  verb: 'allow' | 'deny' | 'unset',
  entries: readonly string[],
  given: Given,
): Promise<number> {
  if (entries.length === 0)
    throw new PaudeError('usage', `paude network ${verb}: HOST is missing`, { hint: `paude network ${verb} example.org` })
  if (given.json && given['dry-run'])
    throw new PaudeError('usage', '--dry-run prints a script, and --json what became of a change', {
      hint: 'leave one of them out',
    })
  const until = readUntil({ verb, once: given.once === true, time: given.for }, Date.now() / 1000)
  const scopes = scopesOf(context, { verb, entries, given, until })
  const found = scopes.length > 0 ? await sessionIfAny(context, given.session) : await findWithNetwork(context, given.session)
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
  else context.answer(`${verb} ${entries.join(' ')} in ${changed.session}${ending(until)}; policy ${changed.revision}`)
  return code
}

/** The files that shall say so for later starts as well, each of which can. */
function scopesOf(
  context: Context,
  { verb, entries, given, until }: { verb: 'allow' | 'deny' | 'unset'; entries: readonly string[]; given: Given; until: number },
): readonly Scope[] {
  const scopes = (['project', 'user'] as const).filter((scope) => given[scope] === true)
  const [first] = scopes
  if (first !== undefined && until !== 0)
    throw new PaudeError('usage', `--${first} goes with what holds for good`, { hint: 'edit the file, or leave the flag out' })
  if (first !== undefined && given['dry-run'])
    throw new PaudeError('usage', `--dry-run prints what a session would be told, and --${first} changes a file`, {
      hint: 'leave one of them out',
    })
  for (const scope of scopes) insistOnScope(context, scope, { verb, entries })
  return scopes
}

/** The session that is named, or the one of this directory if there is one. */
async function sessionIfAny(context: Context, word: string | undefined): Promise<Found | null> {
  if (word !== undefined) return await findWithNetwork(context, word)
  return await findWithNetwork(context, word).catch((error: unknown) => {
    if (error instanceof PaudeError && (error.code === 'not-found' || error.code === 'unsupported')) return null
    throw error
  })
}

const ending = (until: number): string => (until === 0 ? '' : ` until ${new Date(until * 1000).toTimeString().slice(0, 8)}`)
