import { isolates } from '../../backends/pick.ts'
import { backends } from '../../backends/registry.ts'
import { replaceable } from '../../session/life/start-images.ts'
import { givenUp } from '../../session/resolve/security.ts'
import { printable, shown } from '../../text.ts'
import { ago } from '../sessions/session-table.ts'
import { wrapped } from '../streams/layout.ts'
import { bold, dim, green, red, yellow } from '../streams/output.ts'
import type { Status } from './look-status.ts'
import type { FileState } from './status-files.ts'

type Layout = {
  readonly now: number
  /** Everything that paude keeps on this machine as well. */
  readonly all: boolean
  /** Columns of the terminal; null in a pipe, where no row wraps. */
  readonly width: number | null
}

/** The status for people: a word in front of each group, its rows behind it, and below a row what to type about it. This directory comes first. */
export function statusLines(status: Status, { now, all, width }: Layout): readonly string[] {
  const group = (name: string, rows: readonly string[]): readonly string[] =>
    rows.flatMap((row, index) => {
      const lines = width === null ? [row] : wrapped(row, width - WIDTH)
      return lines.map((line, at) => `${bold((index === 0 && at === 0 ? name : '').padEnd(WIDTH))}${line}`)
    })
  return [
    ...group('here', hereRows(status)),
    ...group('agent', [printable(status.agent)]),
    ...group('backend', backendRows(status)),
    ...group('files', all || isUnusual(status) ? [filesRow(status), ...configRow(status)] : []),
    ...group('network', [networkRow(status)]),
    ...group('provider', [providerRow(status)]),
    ...group('fallback', all || status.fallback !== 'none' ? [fallbackRow(status)] : []),
    ...group('security', givenUp(status.security).map(yellow)),
    ...group('config', fileRows(status, all)),
    ...(all
      ? [
          ...group('engines', engineRows(status)),
          ...group('images', imageRows(status, now)),
          ...group('sessions', [sessionsRow(status)]),
          ...group('disk', diskRows(status)),
          ...group('paude', [status.version]),
        ]
      : [dim('engines, images, other sessions, disk: paude status --all')]),
  ]
}

const WIDTH = 10

/** What a start here may reach. */
function networkRow({ network, allowed, provider: { site } }: Status): string {
  const entries = [...(site === '' ? [] : [site]), ...allowed].map(printable)
  switch (network) {
    case 'restricted':
      return `${green(network)}: ${entries.length === 0 ? 'nothing' : `${entries.join(', ')} and nothing else`}`
    case 'ask':
      return `${green(network)}: ${[...entries, 'any other host after your key in paude network watch'].join(', ')}`
    case 'none':
      return `${green(network)}: no network`
    case 'record':
      return `${yellow(network)}: every public host, recorded`
    case 'open':
      return `${yellow(network)}: every host`
  }
}

const fix = (command: string): readonly string[] => (command === '' ? [] : [`${dim('→')} ${printable(command)}`])

const backendRows = ({ backend: { name, why, fix: command } }: Status): readonly string[] => [
  name === '' ? `${red('none')}: ${printable(why)}` : `${green(name)}: ${printable(why)}`,
  ...fix(command),
]

const isUnusual = ({ workspaceMode, overlay, agentConfig }: Status): boolean =>
  workspaceMode !== 'bind' || overlay.length > 0 || agentConfig !== 'shadow'

/** Nothing where the sandbox has no folder of yours. */
function configRow({ workspaceMode, agentConfig }: Status): readonly string[] {
  if (workspaceMode === 'clone' || workspaceMode === 'none') return []
  switch (agentConfig) {
    case 'shadow':
      return ['changes of .claude and CLAUDE.md stay in the session']
    case 'read-only':
      return [`${green('read-only')}: the agent cannot change .claude and CLAUDE.md`]
    case 'write-through':
      return [`${yellow('write-through')}: the agent changes .claude and CLAUDE.md, which agents on this machine obey`]
  }
}

function filesRow({ workspaceMode, overlay }: Status): string {
  switch (workspaceMode) {
    case 'bind':
      return `bind: the agent works in your folder${overlay.length === 0 ? '' : `, with a volume instead of ${overlay.map(printable).join(', ')}`}`
    case 'worktree':
      return `${green('worktree')}: the agent works in a git worktree of its own`
    case 'clone':
      return `${green('clone')}: the agent works in a clone of its own`
    case 'none':
      return `${green('none')}: the agent works in an empty folder`
  }
}

const fallbackRow = ({ fallback }: Status): string =>
  fallback === 'none' ? 'none' : `${yellow(fallback)}: without an engine, the agent runs on this machine, not isolated`

const providerRow = ({ provider: { site, credential, inside, fault } }: Status): string =>
  [
    ...(site === '' ? [] : [printable(site)]),
    fault !== ''
      ? yellow(printable(fault))
      : site === ''
        ? 'none: the agent uses no model'
        : credential === ''
          ? inside
            ? 'login inside the sandbox'
            : yellow('no credential: paude login')
          : printable(credential),
  ].join(', ')

const engineRows = ({ engines }: Status): readonly string[] =>
  engines.flatMap(({ name, state, version, rootless, runtime, why, fix: command }) =>
    state === 'ready'
      ? [
          [`${name} ${version}`, ...(rootless ? ['rootless'] : []), ...(runtime === '' ? [] : [runtime])]
            .map(printable)
            .join(', '),
        ]
      : [`${name}: ${yellow(state)}: ${printable(why)}`, ...fix(command)],
  )

const fileRows = ({ files, fault, fix: command }: Status, all: boolean): readonly string[] => [
  ...files.filter(({ state }) => all || state !== 'absent').flatMap(fileRow),
  ...(fault === '' ? [] : [`${red('broken')}: ${printable(fault)}`, ...fix(command)]),
]

function fileRow({ file, state, opens, fix: command }: FileState): readonly string[] {
  const name = printable(file)
  const opened = opens.map(shown).join(', ')
  switch (state) {
    case 'read':
      return [name]
    case 'unread':
      return [`${name}: ${yellow('not read')}`]
    case 'absent':
      return [`${name}: none (optional)`]
    case 'trusted':
      return [`${name}: ${green('trusted')}: ${opened}`]
    case 'untrusted':
      return [`${name}: ${yellow('not trusted')}: ${opened}`, ...fix(command)]
    case 'restricted':
      return [`${name}: may only restrict, so this has no effect: ${opened}`]
  }
}

function imageRows({ images, engines, backend: { name } }: Status, now: number): readonly string[] {
  if (engines.every(({ state }) => state !== 'ready')) return ['no engine to ask']
  const wanted = images
    // A start takes one engine: what another has not is not made there.
    .filter((image) => image.wanted && (image.built || name === '' || image.backend === name))
    .map(({ backend, reference, built, size: bytes, created }) =>
      !built
        ? `${reference} on ${backend}: built or fetched at the next start`
        : created === ''
          ? `${reference} on ${backend}: your own`
          : `${reference} on ${backend}: ${size(bytes)}, ${ago(created, now)}`,
    )
  const old = replaceable(images).filter((image) => !image.wanted)
  return [
    ...wanted,
    ...(old.length === 0
      ? []
      : [`${old.length} that a start here does not use (another project may)`, ...fix('paude image rm --stale')]),
  ]
}

function hereRows({ sessions }: Status): readonly string[] {
  const here = sessions.filter((session) => session.here)
  return here.length === 0
    ? ['no session; paude starts one']
    : here.map(({ id, name, status, security, fault, activity, alarm }) =>
        [
          name === '' ? id : `${printable(name)} (${id})`,
          status === 'running' ? green(status) : status === 'paused' ? yellow(status) : status,
          ...(activity === null ? [] : [activity === 'waiting' ? yellow('waiting for you') : printable(activity)]),
          ...(fault === '' ? [] : [yellow(printable(fault))]),
          ...(alarm === '' ? [] : [red(alarm), `paude review ${name || id}`]),
          ...(security === null ? [] : givenUp(security).map(yellow)),
        ].join(', '),
      )
}

function sessionsRow({ sessions }: Status): string {
  const running = sessions.filter(({ status }) => status === 'running').length
  return sessions.length === 0 ? 'none' : `${running} running, ${sessions.length - running} not`
}

function diskRows({ images, engines, disk }: Status): readonly string[] {
  const ready = engines.filter(({ name, state }) => state === 'ready' && isolates(backends[name])).map(({ name }) => name)
  const held = ready.map((name) => images.filter(({ backend }) => backend === name).reduce((sum, image) => sum + image.size, 0))
  return [
    // Layers that images share are counted once for each.
    ...ready.map((name, index) => `images on ${name}: ${size(held[index] ?? 0)} at most`),
    ...ready.map((name) => `HOME volumes on ${name}: not counted; to see their size: ${name} system df --verbose`),
    ...disk.map(({ folder, bytes, whole }) => `${printable(folder)}: ${size(bytes)}${whole ? '' : ' at least'}`),
  ]
}

const size = (bytes: number): string => (bytes < 1e9 ? `${Math.round(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`)
