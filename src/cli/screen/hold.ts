import { agentOfRecord } from '../../agents/registry.ts'
import { need } from '../../backends/backend.ts'
import { readLines } from '../../box/limits.ts'
import { PaudeError } from '../../errors.ts'
import { makeSocketPath } from '../../hold/place.ts'
import { ask } from '../../run/ask.ts'
import { findSession } from '../../session/life/find.ts'
import { rejoining } from '../../session/life/plans.ts'
import { shareWith } from '../../session/resolve/far.ts'
import { ACTS } from '../front-flags.ts'
import { writeAll } from '../streams/output.ts'
import { verb } from '../verb.ts'

export default verb({
  description: 'Keep the terminal of a session',
  details: 'paude starts it by itself.',
  front: ACTS,
  examples: [],
  args: {
    session: { type: 'positional', description: 'Session', required: true, offers: 'sessions' },
    start: { type: 'boolean', description: 'Start its agent, which is created but not running yet' },
    size: { type: 'string', valueHint: 'COLSxROWS', description: 'Size of its terminal (default: 120x40)' },
    scrollback: {
      type: 'string',
      valueHint: 'LINES',
      description: 'Lines to keep that have scrolled off the screen (default: 2000)',
    },
  },
  async run(context, given) {
    const found = await findSession(context, given.session)
    const { backend, handle, record } = found
    const [{ hold }, { keepBounded }, { hookNews, noteTo, ownFileText, tellUser }, { providerLooks }, { watchProject }] =
      await Promise.all([
        import('../../hold/holder.ts'),
        import('../../events/file.ts'),
        import('./holding.ts'),
        import('../../session/life/provider-watch.ts'),
        import('../../session/life/alarm.ts'),
      ])
    for (const signal of ['SIGINT', 'SIGHUP', 'SIGPIPE'] as const) process.on(signal, () => undefined)
    const ready = () => writeAll(1, 'ready\n')
    const agent = agentOfRecord(record)
    const unwatch = keepBounded(handle.folder)
    const [watch] = await Promise.all([tellUser(context, found), shareWith(context, { backend, remote: handle.remote })])
    const mine = await hold({
      folder: handle.folder,
      socket: () => makeSocketPath(context.host, handle.folder),
      start: given.start === true ? need(backend, 'terminal').open(handle, { stdin: true }) : null,
      // A running agent must be joined; one that is started here is shown as long as its first client lives.
      attach: given.start === true ? (need(backend, 'terminal').rejoin?.(handle) ?? null) : rejoining(backend, handle),
      look: async () => {
        try {
          return await ask(backend.life.state(handle), context.effects(backend))
        } catch (error) {
          return error instanceof PaudeError && error.code === 'not-found' ? 'gone' : null
        }
      },
      size: sizeOf(given.size),
      scrollback: readLines(given.scrollback ?? '2000', '--scrollback'),
      name: `paude ${context.version}`,
      titles: handle.agent !== 'command',
      ready,
      provider: providerLooks(found),
      guard: ({ raised, over }) =>
        watchProject(context, found, {
          canPause: true,
          raised: ({ text, does }) => raised({ text, does, next: `paude review ${record.name || record.id}` }),
          over,
          note: noteTo(handle.folder),
        }),
      ...(agent === null
        ? { told: () => [] }
        : backend.inside === null
          ? { told: record.reports ? hookNews(handle.folder, record.id, agent.signals) : () => [UNTOLD] }
          : {
              told: agent.signals.silent ? () => [UNTOLD] : hookNews(handle.folder, record.id, agent.signals),
              titleSigns: agent.signals.titleSigns,
              modes: agent.signals.modes,
              ...(agent.signals.ownFile === null
                ? {}
                : {
                    ownFile: {
                      print: ownFileText(need(backend, 'inside').exec(handle, agent.signals.ownFile.argv, UNSEEN)),
                      read: agent.signals.ownFile.read,
                    },
                  }),
            }),
      ...(watch === null ? {} : { watch }),
    })
    unwatch()
    if (!mine) ready()
    return 0
  },
})

/** Of an agent of which nobody can tell what it does. */
const UNTOLD = { activity: 'unknown', kind: '', message: '' } as const

/** Nobody looks at what it prints, nor types. */
const UNSEEN = { part: 'agent', terminal: false, stdin: false, folder: '' } as const

function sizeOf(text: string | undefined) {
  const [, columns, rows] = /^(\d{1,4})x(\d{1,4})$/.exec(text ?? '120x40') ?? []
  if (columns === undefined || rows === undefined)
    throw new PaudeError('usage', `--size must look like 120x40, found ${JSON.stringify(text)}`, { hint: 'columns, x, rows' })
  return { columns: Math.max(2, Number(columns)), rows: Math.max(2, Number(rows)) }
}
