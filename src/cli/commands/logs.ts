import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { defineCommand } from 'citty'
import { isHeld, readHoldState } from '../../hold/place.ts'
import { capture, lines } from '../../run/process.ts'
import type { Context } from '../context.ts'
import { type Found, findSession } from '../find-session.ts'
import { readable } from '../readable.ts'

const args = {
  session: { type: 'positional', description: 'Session (default: the one of this directory)', required: false },
  follow: { type: 'boolean', description: 'Go on as more is printed' },
} as const

export default (context: Context) =>
  defineCommand({
    meta: { name: 'logs', description: 'Show what a session printed, as readable text' },
    args,
    async run({ args: given }) {
      const found = await findSession(context, given.session)
      const follow = given.follow === true
      return found.handle.terminal ? screenLog(context, found, follow) : streamLog(context, found, follow)
    },
  })

/** A screen's log is what has left it at the top, and what stands on it. */
async function screenLog(context: Context, found: Found, follow: boolean): Promise<number> {
  const last = join(found.handle.folder, 'screen.txt')
  // After the end the holder's last words stand in a file.
  if (!isHeld(readHoldState(found.handle.folder)) && existsSync(last)) {
    context.answer(readable(readFileSync(last, 'utf8')))
    return 0
  }
  const { askHolder, followHolder } = await import('../held.ts')
  if (follow) return followHolder(context, found, (line) => context.answer(readable(line)))
  context.answer(readable(await askHolder(context, found, { ask: 'log', follow: false })))
  return 0
}

async function streamLog(context: Context, { backend, handle }: Found, follow: boolean): Promise<number> {
  if (follow) {
    for await (const line of lines(backend.logs(handle, { follow: true }))) {
      const text = readable(line)
      if (text !== '') context.answer(text)
    }
    return 0
  }
  const argv = backend.logs(handle, { follow: false })
  const outcome = await capture(argv)
  if (outcome.code !== 0) throw context.effects(backend).explain({ argv, outcome })
  context.answer(readable(outcome.stdout + outcome.stderr))
  return 0
}
