import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { extraFlagFault, sharedMemory } from '../../src/box/extra-flags.ts'
import { anyWord } from '../support/words.ts'

test.each(['--shm-size=1g', '--ulimit=nofile=1024:2048', '--cpuset-cpus=0-1', '--label=team=blue', '--memory-reservation=1g'])(
  '%s loosens nothing',
  (flag) => {
    expect(extraFlagFault(flag)).toBeNull()
  },
)

test.each([
  ...['--privileged', '--privileged=true', '--cap-add=SYS_ADMIN', '--security-opt=seccomp=unconfined', '--device=/dev/kvm'],
  ...['--network=host', '--net=host', '-v=/:/host', '--volume=/:/host', '--mount=type=bind,src=/,dst=/x', '--volumes-from=x'],
  ...['--pid=host', '--ipc=host', '--userns=host', '--user=0', '--env=A=b', '--env-file=/etc/x', '--entrypoint=/bin/sh'],
  ...['--runtime=evil', '--sysctl=a=b', '--tmpfs=/paude/seed', '--dns=1.1.1.1', '--add-host=a:1.2.3.4', '--gpus=all'],
  ...['--cgroup-parent=/', '--publish=80:80', '--pids-limit=-1', '--memory=0', '--new-in-some-release=1', '--rm'],
  ...['--shm-size', '--shm-size=', '--shm-sizes=1g', '--label=paude.id=x', '--label=paude', '--label=a\n--privileged'],
  ...['', 'ubuntu', '-', '--', '---privileged', ' --privileged', '--PRIVILEGED', '-privileged', '-it'],
])('%j is refused', (flag) => {
  expect(extraFlagFault(flag)).toBeString()
})

test.each([
  ['-p=3000:3000', '-p is refused: it lets others connect to the sandbox'],
  ['-p3000:3000', '-p is refused: it lets others connect to the sandbox'],
  ['-P', '-P is refused: it lets others connect to the sandbox'],
  ['-m=2g', '-m is refused: it has a key of its own; use limits.memory'],
  ['-e=A=b', '-e is refused: it puts values on the command line; use the key env'],
  ['-u=0', '-u is refused: it changes the user of the agent'],
  ['-v=/:/host', '-v is refused: it bypasses the checks of mounts; use the key mounts'],
  ['-l=team=blue', '-l is refused: write --label='],
  ['-z', '-z is refused: paude allows only these: --blkio-weight='],
])('a short flag is told as it is written, and why it is refused: %s', (flag, words) => {
  expect(extraFlagFault(flag)).toStartWith(words)
})

test.each([
  [[], 64 * 1024 ** 2],
  [['--ulimit=nofile=99'], 64 * 1024 ** 2],
  [['--shm-size=1g'], 1024 ** 3],
  [['--shm-size=1gb'], 1024 ** 3],
  [['--shm-size=1.5GiB'], 1.5 * 1024 ** 3],
  [['--shm-size=1048576'], 1024 ** 2],
  [['--shm-size=1g', '--shm-size=2g', '--label=a=b'], 2 * 1024 ** 3],
] as const)('%j is shared memory of %d bytes', (flags, bytes) => {
  expect(flags.map(extraFlagFault)).toEqual(flags.map(() => null))
  expect(sharedMemory(flags)).toBe(bytes)
})

test.each(['0', '0m', '50%', '-1', '1x', 'lots', '1g,exec', ' 1g'])('shared memory of %j is refused: it is no size', (size) => {
  expect(extraFlagFault(`--shm-size=${size}`)).toContain('write a number and a unit, like --shm-size=1g')
})

test('nothing but the harmless ones gets through', () => {
  const harmless =
    /^--(blkio-weight|cpu-period|cpu-quota|cpu-shares|cpuset-cpus|cpuset-mems|label|memory-reservation|memory-swappiness|shm-size|ulimit)=./
  fc.assert(
    fc.property(fc.tuple(fc.constantFrom('', '-', '--', '--label', '--shm-size=', '--privileged'), anyWord), ([start, word]) => {
      const flag = `${start}${word}`
      expect(extraFlagFault(flag) !== null || harmless.test(flag)).toBe(true)
    }),
  )
})
