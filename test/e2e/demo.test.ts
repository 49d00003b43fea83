import { expect, setDefaultTimeout, test } from 'bun:test'
import { tryDoor } from './demo-door.ts'
import { describeEach, gatewayOf, makeProject, startPaude } from './support.ts'

setDefaultTimeout(300_000) // ms

describeEach('paude demo', (backend) => {
  test('its API listens on the address of the bridge alone and answers no other, and every claim holds', async () => {
    const demo = startPaude(['--backend', backend, 'demo'], { cwd: makeProject() })
    expect(await tryDoor(demo.stderr)).toBe(await gatewayOf(backend))
    const { code, stdout } = await demo.done
    expect([code, stdout.match(/^✓ /gm)?.length]).toEqual([0, 4])
    expect(stdout).toContain('the wall held\nnext: cd your-project && paude\n')
  })
})
