import { expect, test } from 'bun:test'
import { availableParallelism, totalmem } from 'node:os'
import { readLimits, readMemory } from '../../src/box/limits.ts'
import { PaudeError } from '../../src/errors.ts'

const GIB = 1024 ** 3
const refused = (act: () => unknown): PaudeError => {
  try {
    act()
  } catch (error) {
    if (error instanceof PaudeError) return error
    throw error
  }
  throw new Error('nothing was refused')
}

test.each([
  ['4g', 4 * GIB],
  ['4G', 4 * GIB],
  ['4gb', 4 * GIB],
  ['1.5GiB', 1.5 * GIB],
  ['512m', GIB / 2],
  ['65536k', GIB / 16],
  ['1t', 1024 * GIB],
  ['0.1g', Math.floor(0.1 * GIB)],
  ['', 0],
  ['none', 0],
])('memory %j is %d bytes', (text, bytes) => {
  expect(readMemory(text)).toBe(bytes)
})

test.each([
  ['512', 'add a unit: 512m or 512g'],
  ['0', 'write a number and a unit, like 512m or 4g, or a share of this machine, like 50%'],
  ['-1', 'write a number and a unit, like 512m or 4g, or a share of this machine, like 50%'],
  ['1e99', 'write a number and a unit, like 512m or 4g, or a share of this machine, like 50%'],
  ['0%', 'write a number and a unit, like 512m or 4g, or a share of this machine, like 50%'],
  ['101%', 'write a number and a unit, like 512m or 4g, or a share of this machine, like 50%'],
  ['-5%', 'write a number and a unit, like 512m or 4g, or a share of this machine, like 50%'],
  ['5.5%', 'write a number and a unit, like 512m or 4g, or a share of this machine, like 50%'],
  ['5 %', 'write a number and a unit, like 512m or 4g, or a share of this machine, like 50%'],
  ['%', 'write a number and a unit, like 512m or 4g, or a share of this machine, like 50%'],
  ['10%%', 'write a number and a unit, like 512m or 4g, or a share of this machine, like 50%'],
  ['4 g', 'write a number and a unit, like 512m or 4g, or a share of this machine, like 50%'],
  ['g', 'write a number and a unit, like 512m or 4g, or a share of this machine, like 50%'],
  ['1.g', 'write a number and a unit, like 512m or 4g, or a share of this machine, like 50%'],
  ['0x10g', 'write a number and a unit, like 512m or 4g, or a share of this machine, like 50%'],
  ['4g;reboot', 'write a number and a unit, like 512m or 4g, or a share of this machine, like 50%'],
  ['NaN', 'write a number and a unit, like 512m or 4g, or a share of this machine, like 50%'],
  ['0m', 'give at least 64m; 2g is enough for most agents'],
  ['6m', 'give at least 64m; 2g is enough for most agents'],
  ['100000t', 'write a size like 4g'],
])('memory %j is refused: %s', (text, hint) => {
  const error = refused(() => readMemory(text))
  expect([error.code, error.hint]).toEqual(['usage', hint])
  expect(error.message).toContain(text)
})

test.each([
  ['', 0],
  ['none', 0],
  ['2', 2],
  ['1.5', 1.5],
  ['0.01', 0.01],
])('%j cores are %d', (cpus, number) => {
  expect(readLimits({ cpus, memory: '', pids: '4096' })).toEqual({ cpus: number, memory: 0, pids: 4096 })
})

test.each(['0', '0.001', '-1', '1e3', '0%', '150%', 'two', '99999'])('%s cores are refused', (cpus) => {
  expect(refused(() => readLimits({ cpus, memory: '', pids: '4096' })).message).toBe(
    `invalid number of cores ${JSON.stringify(cpus)}`,
  )
})

test('a share is of the memory and the cores of this machine', () => {
  expect(readLimits({ cpus: '50%', memory: '25%', pids: '4096' })).toEqual({
    cpus: availableParallelism() / 2,
    memory: Math.floor(totalmem() / 4),
    pids: 4096,
  })
})

test.each([
  ['16', 16],
  ['4096', 4096],
  ['none', 0],
])('%s processes are %d', (pids, number) => {
  expect(readLimits({ cpus: '', memory: '', pids })).toEqual({ cpus: 0, memory: 0, pids: number })
})

test.each(['', '0', '15', '-1', '1.5', '99999999', 'None'])('%j processes are refused', (pids) => {
  expect(refused(() => readLimits({ cpus: '', memory: '', pids })).code).toBe('usage')
})
