import { expect, test } from 'bun:test'
import { calledOn } from '../../src/session/record/called.ts'

test('an answer has the name for a person, and the id for a script or where there is no name', () => {
  const named = { id: 'paude-bcd234', name: 'fix-login' }
  const on = (stdout: boolean, session: typeof named) => calledOn({ terminal: { stdout } }, session)
  expect([on(true, named), on(false, named), on(true, { ...named, name: '' })]).toEqual([
    'fix-login',
    'paude-bcd234',
    'paude-bcd234',
  ])
})
