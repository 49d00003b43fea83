import { defineCommand } from 'citty'
import { PaudeError } from '../../errors.ts'
import { parseLog, type Request } from '../../network/log.ts'
import { capture, lines } from '../../run/process.ts'
import type { Context } from '../context.ts'
import { findSession } from '../find-session.ts'
import { green, printable, red, table, yellow } from '../output.ts'

const args = {
  what: { type: 'positional', description: 'log', required: true },
  session: { type: 'positional', description: 'Session (default: the one of this directory)', required: false },
  blocked: { type: 'boolean', description: 'Only what was blocked' },
  follow: { type: 'boolean', description: 'Go on as more is asked for' },
  json: { type: 'boolean', description: 'One JSON object a line' },
} as const

export default (context: Context) =>
  defineCommand({
    meta: { name: 'network', description: 'paude network log [SESSION]: what a session asked for, and what became of it' },
    args,
    async run({ args: given }) {
      if (given.what !== 'log')
        throw new PaudeError('usage', `paude network has no verb ${JSON.stringify(given.what)}`, { hint: 'paude network log' })
      const { backend, handle, record } = await findSession(context, given.session, 'running')
      if (record.network === 'none')
        throw new PaudeError('unsupported', `session ${record.id} has no network, so nothing was asked for`)
      const wanted = (requests: readonly Request[]) => requests.filter(({ decision }) => !given.blocked || decision === 'blocked')
      if (!given.json)
        for (const { host, ports, why } of record.allow) context.note(`allowed: ${host}:${ports.join(',')} (${why})`)
      if (given.follow) {
        for await (const line of lines(backend.requests(handle, { follow: true })))
          for (const request of wanted(parseLog(line, record.allow)))
            context.answer(given.json ? JSON.stringify(request) : cells(request).join('  '))
        return 0
      }
      const argv = backend.requests(handle, { follow: false })
      const outcome = await capture(argv)
      if (outcome.code !== 0) throw context.effects(backend).explain({ argv, outcome })
      const requests = wanted(parseLog(outcome.stdout, record.allow))
      if (given.json) context.answer(requests.map((request) => `${JSON.stringify(request)}\n`).join(''))
      else if (requests.length === 0) context.note(given.blocked ? 'nothing was blocked' : 'nothing was asked for')
      else context.answer(table(['TIME', 'DECISION', 'METHOD', 'HOST', 'BYTES', 'RULE'], requests.map(cells)))
      return 0
    },
  })

const cells = ({ time, decision, method, host, port, bytes, rule }: Request): readonly string[] => [
  time.slice(11, 19),
  decision === 'allowed' ? green(decision) : decision === 'blocked' ? red(decision) : yellow(decision),
  printable(method),
  `${printable(host)}:${port}`,
  String(bytes),
  printable(rule),
]
