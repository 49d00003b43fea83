import { lstatSync } from 'node:fs'
import { basename, posix, resolve } from 'node:path'
import { loadConfig } from '../../config/layers/load.ts'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import { gather } from '../../run/tar/gather.ts'
import { type LeftOut, type Received, receive } from '../../run/tar/receive.ts'
import { packed } from '../../run/tar/write.ts'
import { notAtRest, putIn, runs, takeOut } from '../../session/copy/box.ts'
import { land, landingOf, refuseStrangersLink } from '../../session/copy/land.ts'
import { pathInBox, readSide, type Side } from '../../session/copy/place.ts'
import { withSpool } from '../../session/copy/spool.ts'
import { findSession } from '../../session/life/find.ts'
import { guardList } from '../../session/resolve/own-mounts.ts'
import { firstOf, nameInside, shown } from '../../text.ts'
import { realPath } from '../../workspace/paths.ts'
import { ACTS } from '../front-flags.ts'
import { writeAll } from '../streams/output.ts'
import { verb } from '../verb.ts'

type Box = Extract<Side, { kind: 'box' }>
type Outside = Exclude<Side, Box>

export default verb({
  description: 'Copy files between this machine and a session',
  details:
    'SESSION:PATH is a place in a sandbox, :PATH in that of this directory; - is a tar stream on stdin or stdout. Write ./a:b for a file with a colon in its name.',
  front: ACTS,
  examples: [
    ['paude cp fix-login:/tmp/report.pdf .', 'out of a session'],
    ['paude cp ./data fix-login:~/data', 'into it, below its HOME'],
    ['paude cp :coverage - | tar -t', 'the folder of the session here, as a tar stream'],
  ],
  args: {
    from: { type: 'positional', description: 'SESSION:PATH, a path of this machine, or -', required: true, offers: 'files' },
    to: { type: 'positional', description: 'The same', required: true, offers: 'files' },
    force: { type: 'boolean', letter: 'f', description: 'Replace files that exist, and fill folders up' },
  },
  async run(context, given) {
    const [from, to] = [readSide(given.from), readSide(given.to)]
    const force = given.force === true
    if (from.kind === 'box' && to.kind !== 'box') return await copyOut(context, { from, to, force })
    if (to.kind === 'box' && from.kind !== 'box') return await copyIn(context, { from, to, force })
    throw new PaudeError('usage', 'paude cp copies between this machine and one session', {
      hint: 'paude cp SESSION:PATH . copies out of it, paude cp FILE SESSION:PATH into it',
    })
  },
})

type Out = { readonly from: Box; readonly to: Outside; readonly force: boolean }

async function copyOut(context: Context, { from, to, force }: Out): Promise<number> {
  const { host } = context
  if (to.kind === 'stream' && host.terminal.stdout)
    throw new PaudeError('usage', 'a tar stream on a terminal is unreadable', { hint: 'paude cp SESSION:PATH - | tar -t' })
  const found = await findSession(context, from.session || undefined, 'running')
  const path = pathInBox(from.path, found, host)
  const name = posix.basename(path)
  // What cannot be written here need not be fetched.
  const landing = to.kind === 'here' ? landingOf(to.path, name, { host, force }) : null
  const list = guardList(await loadConfig(host, context.flags))
  return await withSpool(found.handle.folder, async (spool) => {
    const received = await takeOut(found, { path, spool, running: await runs(context, found) })
    if (landing === null) for (const piece of packed(received.items, spool, { under: name, owner: host })) writeAll(1, piece)
    else land({ list, items: received.items, spool, landing, host, force, fault: notWritten(landing.folder) })
    tell(context, received)
    return 0
  })
}

const notWritten = (folder: string) => (what: string) =>
  new PaudeError('command-failed', `the copy in ${shown(folder)} ${what}`, { hint: 'some of it may be there' })

type In = { readonly from: Outside; readonly to: Box; readonly force: boolean }

async function copyIn(context: Context, { from, to, force }: In): Promise<number> {
  const { host } = context
  const source = from.kind === 'here' ? sourceOf(context, from.path) : null
  const found = await findSession(context, to.session || undefined, 'running')
  const path = pathInBox(to.path || '.', found, host)
  if (!(await runs(context, found))) notAtRest(found.record.id)
  const owner = found.backend.user(host)
  const told: LeftOut[] = []
  if (source !== null) {
    const fault = (what: string) => new PaudeError('refused', `${shown(source)} ${shown(what)}`, { hint: 'copy less of it' })
    const stream = (name: string) => gather({ source, name, owner, fault, told })
    const where = await putIn(found, { path, name: basename(source), force, stream })
    tell(context, { items: [], leftOut: told })
    context.note(`copied to ${shown(where)}`)
    return 0
  }
  return await withSpool(found.handle.folder, async (spool) => {
    const fault = (what: string) => new PaudeError('refused', `the stream on stdin ${shown(what)}`, { hint: 'tar -t lists it' })
    const received = await receive(Bun.stdin.stream(), { spool, rooted: false, fault })
    const stream = () => packed(received.items, spool, { under: '', owner })
    const where = await putIn(found, { path, name: '', force, stream })
    tell(context, received)
    context.note(`copied to ${shown(where)}`)
    return 0
  })
}

/** What is copied by its real path: only a link that was named is followed. */
function sourceOf({ host, note }: Context, text: string): string {
  const full = resolve(host.cwd, text)
  refuseStrangersLink(host, full)
  const real = realPath(full)
  if (real === null) throw new PaudeError('not-found', `nothing is at ${shown(full)}`, { hint: 'write a path of this machine' })
  if (lstatSync(full).isSymbolicLink()) note(`${shown(text)} is a link to ${shown(real)}, which is copied`)
  return real
}

/** Says what is not as it was. The names are the box's. */
function tell({ warn }: Pick<Context, 'warn'>, { leftOut }: Received): void {
  const reasons = [...new Set(leftOut.map(({ why }) => why))]
  for (const why of reasons) {
    const paths = leftOut.filter((one) => one.why === why).map(({ path }) => nameInside(path || '.'))
    warn(`not copied as it is, ${shown(why)}: ${firstOf(paths)}`)
  }
}
