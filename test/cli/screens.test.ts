import { describe, expect, test } from 'bun:test'
import type { Check } from '../../src/backends/check.ts'
import { doctorLines } from '../../src/cli/machine/doctor-lines.ts'
import { areaLine, claimsText } from '../../src/cli/machine/selftest.ts'
import type { ActiveRow } from '../../src/cli/sessions/activity.ts'
import { ordered, sessionTable } from '../../src/cli/sessions/session-table.ts'
import { readHost } from '../../src/host.ts'
import type { Row } from '../../src/selftest/judge.ts'

describe('doctor', () => {
  const long = 'four security holes are known in this release, of which none concerns a box that paude makes here'
  const checks: readonly Check[] = [
    { check: 'podman', state: 'ok', detail: '4.3.1', fix: '' },
    { check: 'docker', state: 'warning', detail: long, fix: 'upgrade docker to 25.0 or later, as its own documentation says' },
    { check: 'disk for builds', state: 'problem', detail: '0.2 GiB free', fix: 'make room' },
  ]
  const lines = (verbose: boolean, width: number | null = 60) =>
    doctorLines(checks, { width, verbose }).map((line) => Bun.stripANSI(line))

  test('tells problems first, a line each, and whether paude works here', () => {
    expect(lines(false)).toEqual([
      '✗ disk for builds 0.2 GiB free',
      '  → make room',
      '! docker          four security holes are known in this rel…',
      '  → upgrade docker to 25.0 or later, as its own documentation says',
      '✓ 1 check passed',
      '',
      'paude does not work here yet: 1 problem, 1 note',
      'all checks in full: paude doctor --verbose',
    ])
  })

  test('tells everything with --verbose, and cuts nothing in a pipe', () => {
    expect(lines(true).join(' ').replace(/\s+/g, ' ')).toContain(long)
    expect(lines(true)).toContain('✓ podman          4.3.1')
    expect(lines(false, null).join('\n')).toContain(long)
  })
})

describe('selftest', () => {
  const row = (id: string, area: string, result: string) => ({ id, area, claim: `claim ${id}`, observed: 'seen', result }) as Row
  const rows = [row('N01', 'network', 'held'), row('N02', 'network', 'BROKEN'), row('F01', 'files', 'held')]

  test('tells an area in a line, all of one width', () => {
    const line = (area: string) =>
      Bun.stripANSI(
        areaLine(
          area,
          rows.filter((one) => one.area === area),
        ),
      )
    expect([line('network'), line('files')]).toEqual(['✗  network       1 of 2 held, 1 BROKEN', '✓  files         1 of 1 held'])
  })

  test('tells claims with what was seen', () => {
    expect(Bun.stripANSI(claimsText(rows.slice(1, 2), { width: 80 })).split('\n')).toEqual([
      'ID   AREA     RESULT  CLAIM      OBSERVED',
      'N02  network  BROKEN  claim N02  seen',
    ])
  })
})

describe('sessions', () => {
  const one = (more: object): ActiveRow =>
    ({
      network: 'restricted',
      ...{ id: 'paude-aaaaa1', name: '', status: 'running', exitCode: null, agent: 'claude', backend: 'docker' },
      ...{
        workspace: '/srv/other',
        created: '',
        started: new Date().toISOString(),
        since: null,
        activity: null,
        kind: '',
        message: '',
      },
      ...{ fault: '', attached: 0, planted: [], alarm: '', blocked: 0, own: true },
      ...more,
    }) as unknown as ActiveRow
  const home = '/home/me'
  const place = { ...readHost(), home, cwd: `${home}/mine/src`, size: { columns: 60, rows: 20 } }
  const rows = [
    one({}),
    one({ id: 'paude-aaaaa2', activity: 'waiting', kind: 'permission', since: new Date().toISOString() }),
    one({ id: 'paude-aaaaa3', name: 'fix-login', workspace: `${home}/mine`, status: 'exited', exitCode: 1 }),
  ]
  const shown = (terminal: boolean) =>
    sessionTable({ ...place, terminal: { stdin: terminal, stdout: terminal, stderr: terminal } }, ordered(place, rows))

  test('stand with those of this directory first, then those that wait', () => {
    expect(ordered(place, rows).map(({ id }) => id.at(-1))).toEqual(['3', '2', '1'])
  })

  test('say on a terminal no more than differs, within its width', () => {
    const lines = Bun.stripANSI(shown(true)).split('\n')
    expect(lines[0]).toMatch(/^SESSION +STATUS +ACTIVITY +WORKSPACE$/)
    expect(lines.filter((line) => Bun.stringWidth(line) > 60)).toEqual([])
    expect(lines[1]).toMatch(/^fix-login +exited 1 .* ~\/mine$/)
  })

  test('are coloured by what they do', () => {
    const text = shown(true)
    expect(text).toContain('\x1b[31mexited 1\x1b[0m')
    expect(text).toContain('\x1b[33mwaiting')
  })

  test('are one line each in a pipe, with every column', () => {
    const lines = Bun.stripANSI(shown(false)).split('\n')
    expect(lines).toHaveLength(4)
    expect(lines[0]).toMatch(/^SESSION +STATUS +ACTIVITY +SINCE +BLOCKED +STARTED +AGENT +BACKEND +WORKSPACE$/)
    expect(lines[1]).toContain(`${home}/mine`)
  })
})
