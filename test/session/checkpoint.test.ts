import { expect, test } from 'bun:test'
import { momentName, readCheckpoints } from '../../src/session/clone/checkpoint.ts'

const COMMIT = 'a'.repeat(40)

test('checkpoints are read as the sandbox says them, and what is none is passed over', () => {
  const lines = [
    `checkpoint 1767323045 ${COMMIT} before on refs/heads/paude/fix`,
    `checkpoint 1767323045 ${COMMIT} detached on `,
    `checkpoint 1767323045 ${COMMIT} -x on refs/heads/main`,
    `checkpoint 1767323045 ${COMMIT} a/b on refs/heads/main`,
    `checkpoint 1767323045 ${COMMIT} c\u001b[2J on refs/heads/main`,
    `checkpoint 1767323045 ${COMMIT} d on refs/heads/..`,
    `checkpoint 1767323045 beef e on refs/heads/main`,
    'end',
  ]
  expect(readCheckpoints(lines)).toEqual([
    { name: 'before', made: '2026-01-02T03:04:05.000Z', commit: COMMIT, branch: 'paude/fix' },
    { name: 'detached', made: '2026-01-02T03:04:05.000Z', commit: COMMIT, branch: '' },
  ])
  expect(momentName(new Date('2026-01-02T03:04:05.678Z'))).toBe('2026-01-02-030405')
})
