import { afterEach, beforeEach, expect, test } from 'bun:test'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Machine, makeMachine } from '../support/machine.ts'

// The real program, with an engine whose agent asks for one host after the other until somebody was told.
let machine: Machine
let told: string
beforeEach(() => {
  machine = makeMachine()
  told = join(machine.room, 'told')
})
afterEach(() => machine.dispose())

/** The agent gives up after so many hosts. */
function ask(most: number): void {
  const line = JSON.stringify({ v: 1, sid: 's', t: 1, m: 'CONNECT', h: 'HOST', p: '443', st: 403, err: 'ERR_FORWARDING_DENIED' })
  machine.program(
    'docker',
    `#!/bin/sh
case " $* " in
*" --attach "*)
  tries=0
  until [ -s ${told} ] || [ "$tries" = ${most} ]; do
    tries=$((tries + 1))
    for noted in ${machine.home}/.local/state/paude/sessions/*/noted; do
      echo '${line}' | ${Bun.which('sed')} "s/HOST/h$tries.example/" >>"$noted"
    done
    ${Bun.which('sleep')} 0.1
  done
  echo answered
  exit 0
  ;;
esac
exec "\${PATH#*:}/docker" "$@"
`,
  )
}

const configure = (on: string) =>
  machine.write(
    join(machine.home, '.config/paude/config.toml'),
    `backend = "docker"\n[notify]\non = ["${on}"]\ncommand = ["sh", "-c", "cat >>${told}"]\n`,
  )

test('a session without a screen tells of what it is refused, while its paude stays', async () => {
  configure('blocked')
  ask(250)
  expect(await machine.paude(['-p', 'hi'], { alone: true })).toMatchObject({ code: 0, stdout: 'answered\n' })
  const [first = '{}'] = readFileSync(told, 'utf8').split('\n')
  expect(JSON.parse(first)).toMatchObject({
    v: 1,
    kind: 'blocked',
    title: expect.stringMatching(/was refused h\d+\.example:443$/),
  })
}, 60_000)

test('it tells nobody who did not ask for that', async () => {
  configure('done')
  ask(20)
  expect((await machine.paude(['-p', 'hi'], { alone: true })).code).toBe(0)
  expect(existsSync(told)).toBe(false)
})
