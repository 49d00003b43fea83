import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { cases } from './parity-cases.ts'
import { GIT_USER, MEMORY, normal, OWN_HOOK } from './parity-normal.ts'
import { showBoth, shows } from './parity-screens.ts'
import { playBoth } from './parity-side.ts'
import { agentImage, describeEach, hostClaude, inTurn } from './support.ts'
import { makeTerminals } from './terminal.ts'

setDefaultTimeout(300_000) // ms: tests run side by side, so most of it is waiting

const differences = readFileSync(join(import.meta.dir, '../../docs/differences.md'), 'utf8')

describeEach('the same from paude as from claude', (backend) => {
  let image = ''
  beforeAll(async () => {
    image = await agentImage(backend)
  })
  const terminals = makeTerminals()
  afterAll(terminals.stop)

  test.concurrent.skipIf(hostClaude === '').each(Object.entries(cases))('%s', async (_, { differs, ...scene }) => {
    const { host, box } = await inTurn(() => playBoth(scene, backend, image))
    const expected = differs?.to(normal(host), backend) ?? normal(host)
    expect(normal(box)).toEqual(expected)
  })

  test.concurrent.skipIf(hostClaude === '').each(Object.entries(shows))('on the screen: %s', async (_, show) => {
    const { host, box } = await inTurn(() => showBoth(show, backend, terminals.open))
    expect(box).toEqual(host)
  })

  test.concurrent.skipIf(hostClaude === '')('but for what every question and transcript is told', async () => {
    const { host, box } = await inTurn(() => playBoth({ steps: [{ words: ['-p', 'SAY x'] }] }, backend, image))
    const [onHost, inBox] = [host, box].map(({ asked, transcripts }) => JSON.stringify([asked, Object.values(transcripts)]))
    for (const [text, here, there] of [
      [MEMORY, onHost, inBox],
      [OWN_HOOK, onHost, inBox],
      [GIT_USER, inBox, onHost],
    ] as const) {
      expect(here).not.toContain(JSON.stringify(text).slice(1, -1))
      expect(there).toContain(JSON.stringify(text).slice(1, -1))
    }
  })
})

test('every difference is a row of docs/differences.md', () => {
  const all = [...Object.values(cases).map(({ differs }) => differs?.row), ...Object.values(shows).map(({ row }) => row)]
  const rows = [...new Set(all.filter((row) => row !== undefined))]
  expect(rows.filter((row) => !differences.includes(`\n| ${row}`))).toEqual([])
})
