import { expect, test } from 'bun:test'
import { readOwnFile } from '../../src/agents/claude/own-file.ts'
import type { AgentState } from '../../src/events/activity.ts'

test("the agent's own file tells what hooks miss, and never takes back an answer, a failure or the words of a question", () => {
  const told = (activity: AgentState['activity'], text: string) => readOwnFile({ activity }, text)?.activity ?? null
  expect(told('working', '{"status":"idle"}')).toBe('idle')
  expect(told('waiting', '{"status":"idle"}')).toBe('idle')
  expect(told('unknown', '{"status":"shell"}')).toBe('idle')
  expect(told('idle', '{"status":"busy"}')).toBe('working')
  expect(told('done', '{"status":"idle"}')).toBeNull()
  expect(told('error', '{"status":"idle"}')).toBeNull()
  expect(told('waiting', '{"status":"waiting","waitingFor":"permission prompt"}')).toBeNull()
  const asked = (waitingFor: string) =>
    readOwnFile({ activity: 'working' }, JSON.stringify({ status: 'waiting', waitingFor }))?.kind
  expect(asked('permission prompt')).toBe('permission')
  expect(asked('input needed')).toBe('question')
  for (const text of ['', '{', 'null', '[]', '{"status":7}', '{"status":"else"}']) expect(told('working', text)).toBeNull()
})
