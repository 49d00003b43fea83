import { describe, expect, test } from 'bun:test'
import { explain } from '../../src/backends/oci/explain.ts'

const BASE = 'Step 1/3 : FROM debian\n ---> 6f51075d5d68\n'
const RUN =
  'Step 2/3 : RUN one\n ---> Running in 5e905375e90e\nRemoving intermediate container 5e905375e90e\n ---> d7ab20bcb715\n'
const COPY = 'Step 2/3 : COPY a b\n ---> aaaabbbbcccc\n'
const CACHED = 'Step 2/3 : RUN one\n ---> Using cache\n ---> d7ab20bcb715\n'
const LAST = 'Step 3/3 : RUN exit 3\n ---> Running in 1883bfd7ffd1\n'
const stderr = "The command '/bin/sh -c exit 3' returned a non-zero code: 3\n"

/** What docker 20.10 and podman 4.3 print of a build whose last step fails. */
describe('a build that failed names the image without a name that it left', () => {
  const hint = (stdout: string, more: readonly string[] = []) =>
    explain({ engine: 'docker', argv: ['docker', 'build', ...more, '.'], code: 1, stdout, stderr }).hint

  test.each([
    ['a program ran', `${BASE}${RUN}${LAST}`, 'd7ab20bcb715'],
    ['a file was copied', `${BASE}${RUN}${COPY}${LAST}`, 'aaaabbbbcccc'],
  ])('where %s', (_, stdout, id) => {
    expect(hint(stdout)).toEndWith(`; to remove it: docker image rm ${id}`)
  })

  test.each([
    ['the first step failed', `${BASE}${LAST}`],
    ['the steps before were there', `${BASE}${CACHED}${LAST}`],
    ['the builder has a cache of its own', '#5 [2/3] RUN one\n#5 DONE 0.1s\n'],
  ])('and none where %s', (_, stdout) => {
    expect(hint(stdout)).toBe('read its output above')
  })

  test('and none of a build whose stages paude takes away itself', () => {
    expect(hint(`${BASE}${RUN}${LAST}`, ['--build-arg=STAGE=x'])).toBe('read its output above')
  })

  test('on podman, too', () => {
    const words = 'STEP 1/3: FROM debian\nSTEP 2/3: RUN one\n--> d78b0dc143b\nSTEP 3/3: RUN exit 3\n'
    const failed = 'Error: building at STEP "RUN exit 3": while running runtime: exit status 3\n'
    const { hint } = explain({ engine: 'podman', argv: ['podman', 'build', '.'], code: 1, stdout: words, stderr: failed })
    expect(hint).toEndWith('podman image rm d78b0dc143b')
  })
})
