import { program, REFERENCE } from '../../credentials/schema.ts'
import { row, type Valibot } from '../../key.ts'
import { occasions } from '../../sinks/notify/change.ts'
import { type NotifySettings, SILENT, terminalWays } from '../../sinks/notify/settings.ts'

const seconds = (v: Valibot, least: number, most: number) =>
  v.pipe(
    v.number(),
    v.check((value) => value >= least && value <= most, `must be a number of seconds from ${least} to ${most}`),
  )
const isLoopback = (host: string) => /^(localhost|127(\.\d+){3}|\[::1\])$/.test(host)

const webhook = (v: Valibot) =>
  v.pipe(
    v.strictObject({
      url: v.pipe(
        v.string(),
        v.check(
          (value) => /^https?:$/.test(URL.parse(value)?.protocol ?? ''),
          'must be a web address like https://example.org/hook',
        ),
        v.check(
          (value) => (URL.parse(value)?.username ?? '') === '',
          'must not hold a password; write token = "env:NAME" or "file:PATH"',
        ),
      ),
      token: v.optional(
        v.pipe(
          v.string(),
          v.check((value) => REFERENCE.test(value), 'must say where the token is: "env:NAME" or "file:/path"'),
        ),
      ),
      timeout: v.optional(seconds(v, 0.1, 60)),
    }),
    v.check(
      ({ url, token }) => token === undefined || url.startsWith('https:') || isLoopback(URL.parse(url)?.hostname ?? ''),
      'must have an https address or an address of this machine if it has a token',
    ),
  )

const keys = (v: Valibot) =>
  v.strictObject({
    on: v.optional(v.array(v.picklist(occasions))),
    every: v.optional(seconds(v, 0, 86_400)),
    active: v.optional(seconds(v, 0, 86_400)),
    desktop: v.optional(v.boolean()),
    terminal: v.optional(
      v.pipe(
        v.union([v.string(), v.array(v.string())], `must be one of ${terminalWays.join(', ')}, or a list of them`),
        v.transform((value) => [value].flat()),
        v.array(v.picklist(terminalWays)),
      ),
    ),
    command: v.optional(program(v)),
    webhook: v.optional(webhook(v)),
  })

/** `[notify]`: how you are told. It acts on this machine, so no stranger says it. */
export const notify = {
  notify: row({
    key: 'notify',
    meaning: 'How paude notifies you of a session',
    parts: {
      on: 'When to notify you: states of a session, blocked for a refused host, and finding for a file that this machine may run',
      every: 'Seconds between two messages of the same kind about a session',
      active: 'Seconds after your last key in which paude sends no message',
      desktop: 'Notify on the desktop',
      terminal: 'Notify by terminal sequences',
      command: 'Program and arguments to run; the message is JSON on its stdin',
      'webhook.url': 'Address to send the message to',
      'webhook.token': 'Where its token is: env:NAME or file:PATH',
      'webhook.timeout': 'Seconds for one try',
    },
    initial: SILENT,
    schema: (v) =>
      v.pipe(
        keys(v),
        v.transform(
          ({ webhook, terminal, ...rest }): NotifySettings => ({
            ...SILENT,
            ...(Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined)) as Partial<NotifySettings>),
            terminal: terminal ?? [],
            webhook:
              webhook === undefined ? null : { url: webhook.url, token: webhook.token ?? '', timeout: webhook.timeout ?? 5 },
          }),
        ),
      ),
    rule: 'own',
    onHost: true,
    notIn: {
      project: 'write it into your own config.toml, since it acts on this machine and not on the sandbox',
      managed: 'write it into the config.toml of each user',
    },
  }),
}
