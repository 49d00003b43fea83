import { describe, expect, test } from 'bun:test'
import { buildStep, tellingEnd } from '../../src/run/build-step.ts'

test.each([
  [
    "docker's legacy builder",
    'Step 1/9 : ARG BASE\nStep 3/9 : RUN apt-get update\n ---> Running in 4c1d\nGet:1 [12/80 kB]\n',
    '3 of 9',
  ],
  ['BuildKit', '#1 [internal] load build definition\n#5 [2/4] RUN apt-get update\n#5 0.3 [7/9] linking\n', '2 of 4'],
  ['BuildKit with stages', '#6 [build 1/3] FROM debian\n#8 [stage-1 2/5] COPY x y\n', '2 of 5'],
  ['podman', 'STEP 1/9: FROM debian\nSTEP 4/9: RUN apt-get update\nStepping 5/9\n', '4 of 9'],
  ['podman with stages', '[1/2] STEP 2/3: RUN true\n[2/2] STEP 1/4: FROM scratch\n', '1 of 4'],
])('%s says which step it has reached', (_, output, step) => {
  expect(buildStep(output)).toBe(step)
})

test('other output says none', () => {
  expect(buildStep('[1/2] resolving\nbun add v1.4.5\nin Step 1/2 : x\n')).toBeNull()
})

describe('the end of a build that failed', () => {
  test('leaves out what is printed while all is well, of either builder', () => {
    const log = `Sending build context to Docker daemon  2.048kB
Step 4/6 : RUN apt-get install nodjes
 ---> Running in 01c4fc9d5928
Get:1 http://deb.example.org/debian trixie InRelease [140 kB]
Fetched 16.9 MB in 2s (7238 kB/s)
#6 0.312 Get:2 http://deb.example.org/debian trixie-updates InRelease [47.3 kB]
Reading package lists...
Building dependency tree...
E: Unable to locate package nodjes
Removing intermediate container 01c4fc9d5928
`
    expect(tellingEnd(log)).toEqual(['Step 4/6 : RUN apt-get install nodjes', 'E: Unable to locate package nodjes'])
  })

  test('is shown whole where nothing else is there, and its last lines of a long one', () => {
    expect(tellingEnd('Reading package lists...\n')).toEqual(['Reading package lists...'])
    const long = Array.from({ length: 50 }, (_, at) => `line ${at}`)
    expect(tellingEnd(long.join('\n'))).toEqual(long.slice(30))
  })
})
