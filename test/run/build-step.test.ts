import { expect, test } from 'bun:test'
import { buildStep } from '../../src/run/build-step.ts'

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
