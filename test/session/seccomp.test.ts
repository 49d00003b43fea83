import { expect, test } from 'bun:test'
import { SECCOMP_PROFILE } from '../../src/box/seccomp.ts'

type Condition = { readonly index: number; readonly op: string; readonly value: number; readonly valueTwo?: number }
type Rule = { readonly names: string[]; readonly action: string; readonly errnoRet?: number; readonly args?: Condition[] }
const { syscalls } = JSON.parse(SECCOMP_PROFILE) as { readonly syscalls: readonly Rule[] }

const fits = (args: readonly number[], { index, op, value, valueTwo }: Condition): boolean => {
  const given = BigInt(args[index] ?? 0)
  return op === 'SCMP_CMP_EQ' ? given === BigInt(value) : (given & BigInt(value)) === BigInt(valueTwo ?? 0)
}

/** What the filter says to a call: all rules that fit, each of which an engine may find first. */
const said = (name: string, ...args: readonly number[]): readonly string[] => [
  ...new Set(
    syscalls
      .filter((rule) => rule.names.includes(name) && (rule.args ?? []).every((one) => fits(args, one)))
      .map(({ action, errnoRet }) => (action === 'SCMP_ACT_ALLOW' ? 'allowed' : `error ${errnoRet}`)),
  ),
]

const [CREATE, TMPFILE, WRITE, CLOSE_ON_EXEC] = [0o100, 0o20_200_000, 1, 0o2_000_000]
const ANYWHERE = -100

/** A call that gives this mode to something. */
const calls: Readonly<Record<string, (mode: number) => readonly number[]>> = {
  chmod: (mode) => [0, mode],
  fchmod: (mode) => [3, mode],
  fchmodat: (mode) => [ANYWHERE, 0, mode],
  fchmodat2: (mode) => [ANYWHERE, 0, mode, 0x100],
  creat: (mode) => [0, mode],
  mknod: (mode) => [0, 0o100_000 | mode, 0],
  mknodat: (mode) => [ANYWHERE, 0, 0o100_000 | mode, 0],
  open: (mode) => [0, CREATE | WRITE | CLOSE_ON_EXEC, mode],
  openat: (mode) => [ANYWHERE, 0, CREATE | WRITE, mode],
}

test.each(Object.keys(calls))('%s takes every mode but those that make a program run as its owner or its group', (name) => {
  const call = calls[name] ?? fail
  for (let mode = 0; mode <= 0o7777; mode++)
    expect([name, mode.toString(8), ...said(name, ...call(mode))]).toEqual([
      name,
      mode.toString(8),
      (mode & 0o6000) === 0 ? 'allowed' : 'error 1',
    ])
})

test.each(['open', 'openat'])('of %s the mode counts only where a file is made, also one without a name', (name) => {
  const at = name === 'openat' ? [ANYWHERE] : []
  // What stands in the register of an argument that was not given may be anything.
  expect(said(name, ...at, 0, WRITE, 0o6755)).toEqual(['allowed'])
  expect(said(name, ...at, 0, 0o200_000, -1)).toEqual(['allowed'])
  for (const flags of [CREATE, TMPFILE, CREATE | TMPFILE]) {
    expect(said(name, ...at, 0, flags | WRITE, 0o4755)).toEqual(['error 1'])
    expect(said(name, ...at, 0, flags | WRITE, 0o1755)).toEqual(['allowed'])
  }
})

test('calls whose arguments lie in memory are unknown, so that programs fall back', () => {
  for (const name of ['clone3', 'openat2']) expect(said(name)).toEqual(['error 38'])
})

test("a program sets its own limits, and nobody else's", () => {
  expect(said('prlimit64', 0, 7)).toEqual(['allowed'])
  // The kernel reads 32 bits of a process's number.
  for (const process of [1, 2, 0x1_00_00_00_01]) expect(said('prlimit64', process, 7)).toEqual([])
})

test('no call is both allowed and refused without a condition', () => {
  const plain = syscalls.filter(({ args }) => args === undefined).flatMap(({ names }) => names)
  expect(plain.length).toBe(new Set(plain).size)
  const conditional = new Set(syscalls.filter(({ args }) => args !== undefined).flatMap(({ names }) => names))
  expect(plain.filter((name) => conditional.has(name))).toEqual([])
})

const fail = (): readonly number[] => {
  throw new Error('no such call')
}
