import { availableParallelism, totalmem } from 'node:os'
import { PaudeError } from '../errors.ts'
import type { Limits } from './spec.ts'

const UNITS = { k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 } as const
/** Claude starts in 128 MB; an engine refuses less than 6 MB. */
const LEAST_MEMORY = 64 * UNITS.m

/** Reads the three limits; `none` means no limit, and so does '' where a limit has no default. */
export const readLimits = ({
  cpus,
  memory,
  pids,
}: {
  readonly cpus: string
  readonly memory: string
  readonly pids: string
}): Limits => ({
  cpus: readCpus(cpus),
  memory: readMemory(memory),
  pids: readPids(pids),
})

/** Bytes of `4g`, `512m`, `1.5GiB`; null for any other text. */
export function sizeInBytes(text: string): number | null {
  const [, digits, unit = ''] = /^(\d{1,9}(?:\.\d{1,3})?)(?:([kmgt])(?:i?b)?)$/i.exec(text) ?? []
  return digits === undefined ? null : Math.floor(Number(digits) * UNITS[unit.toLowerCase() as keyof typeof UNITS])
}

/** Bytes as a limit is written: `2g`, `512m`, `1.5g`. */
export function sizeText(bytes: number): string {
  const unit = (['t', 'g', 'm'] as const).find((one) => bytes >= UNITS[one]) ?? 'k'
  return `${Number((bytes / UNITS[unit]).toFixed(1))}${unit}`
}

/** Whether a limit is a share of this machine, like `50%`, so that it means nothing on another one. */
export const isShare = (text: string): boolean => text.endsWith('%')

/** The part of 1 that `50%` is, or null for any other text; 0 % and more than all of it are no limit. */
function shareOf(text: string): number | null {
  const [, digits] = /^(\d{1,3})%$/.exec(text) ?? []
  const share = Number(digits) / 100
  return share > 0 && share <= 1 ? share : null
}

/** Bytes of a limit, also of a share of this machine's memory; a bare number is refused, since nobody agrees on its unit. */
export function readMemory(text: string): number {
  if (text === '' || text === 'none') return 0
  const share = shareOf(text)
  const bytes = share === null ? sizeInBytes(text) : Math.floor(share * totalmem())
  if (bytes === null) {
    const bare = /^[1-9]\d*$/.test(text)
    throw new PaudeError('usage', `invalid memory size ${JSON.stringify(text)}`, {
      hint: bare
        ? `add a unit: ${text}m or ${text}g`
        : 'write a number and a unit, like 512m or 4g, or a share of this machine, like 50%',
    })
  }
  if (bytes < LEAST_MEMORY)
    throw new PaudeError('usage', `memory size ${text} is too small to run anything`, {
      hint: 'give at least 64m; 2g is enough for most agents',
    })
  if (bytes > UNITS.t * 64)
    throw new PaudeError('usage', `memory size ${text} is more than any machine has`, { hint: 'write a size like 4g' })
  return bytes
}

/** Cores of a limit, also of a share of those that this machine has. */
export function readCpus(text: string): number {
  if (text === '' || text === 'none') return 0
  const share = shareOf(text)
  const cpus =
    share !== null ? Number((share * availableParallelism()).toFixed(2)) : /^\d{1,4}(\.\d{1,3})?$/.test(text) ? Number(text) : 0
  if (cpus < 0.01)
    throw new PaudeError('usage', `invalid number of cores ${JSON.stringify(text)}`, {
      hint: 'write a number like 2 or 1.5, or a share of this machine, like 50%',
    })
  return cpus
}

export function readPids(text: string): number {
  if (text === 'none') return 0
  const pids = /^\d{1,7}$/.test(text) ? Number(text) : 0
  if (pids < 16)
    throw new PaudeError('usage', `invalid number of processes ${JSON.stringify(text)}`, {
      hint: 'write a whole number of at least 16, like 4096, or none',
    })
  return pids
}

/** Reads a number of lines. */
export function readLines(text: string, where: string): number {
  if (!/^\d{1,6}$/.test(text) || Number(text) > 100_000)
    throw new PaudeError('usage', `${where} must be a number of lines up to 100000, found ${JSON.stringify(text)}`, {
      hint: 'write a whole number, like 2000',
    })
  return Number(text)
}
