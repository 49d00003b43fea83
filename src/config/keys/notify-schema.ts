import * as v from 'valibot'
import { states } from '../../sinks/notify/change.ts'
import { type NotifySettings, SILENT, terminalWays } from '../../sinks/notify/settings.ts'
import { Program, REFERENCE } from './reference-schema.ts'

const seconds = (least: number, most: number) =>
  v.pipe(
    v.number(),
    v.check((value) => value >= least && value <= most, `must be a number of seconds from ${least} to ${most}`),
  )
const isLoopback = (host: string) => /^(localhost|127(\.\d+){3}|\[::1\])$/.test(host)

const Webhook = v.pipe(
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
    timeout: v.optional(seconds(0.1, 60)),
  }),
  v.check(
    ({ url, token }) => token === undefined || url.startsWith('https:') || isLoopback(URL.parse(url)?.hostname ?? ''),
    'must have an https address, or one of this machine, to be given a token',
  ),
)

const NotifyKeys = v.strictObject({
  on: v.optional(v.array(v.picklist(states))),
  every: v.optional(seconds(0, 86_400)),
  active: v.optional(seconds(0, 86_400)),
  desktop: v.optional(v.boolean()),
  terminal: v.optional(
    v.pipe(
      v.union([v.string(), v.array(v.string())], `must be one of ${terminalWays.join(', ')}, or a list of them`),
      v.transform((value) => [value].flat()),
      v.array(v.picklist(terminalWays)),
    ),
  ),
  command: v.optional(Program),
  webhook: v.optional(Webhook),
})

/** `[notify]`: how the user is told. */
export const Notify = v.pipe(
  NotifyKeys,
  v.transform(
    ({ webhook, terminal, ...rest }): NotifySettings => ({
      ...SILENT,
      ...(Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined)) as Partial<NotifySettings>),
      terminal: terminal ?? [],
      webhook: webhook === undefined ? null : { url: webhook.url, token: webhook.token ?? '', timeout: webhook.timeout ?? 5 },
    }),
  ),
)
