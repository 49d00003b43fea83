import { PaudeError } from '../../errors.ts'

/** Seconds that `--once` lasts: enough for whoever was blocked to try again. What it opened meanwhile goes on. */
export const ONCE = 60

const UNITS = { s: 1, m: 60, h: 3600, d: 86_400 } as const

/** The second at which a word ends by itself; 0 for never. */
export function readUntil(
  { verb, once, time }: { readonly verb: string; readonly once: boolean; readonly time: string | undefined },
  now: number,
): number {
  const contradiction = (flag: string, what: string) =>
    new PaudeError('usage', `${flag} and ${what} cannot be combined`, { hint: 'leave one of them out' })
  if (verb === 'unset' && (once || time !== undefined)) throw contradiction(once ? '--once' : '--for', 'unset')
  if (once && time !== undefined) throw contradiction('--once', '--for')
  if (once) return Math.ceil(now) + ONCE
  if (time === undefined) return 0
  const [, digits = '', unit = ''] = /^([1-9]\d{0,6})([smhd])$/.exec(time) ?? []
  const seconds = Number(digits) * (UNITS[unit as keyof typeof UNITS] ?? Number.NaN)
  if (!(seconds > 0 && seconds <= 30 * UNITS.d))
    throw new PaudeError('usage', `--for must be a time of up to 30 days, found ${JSON.stringify(time)}`, {
      hint: 'write a number and a unit: 90s, 10m, 2h or 1d',
    })
  return Math.ceil(now) + seconds
}
