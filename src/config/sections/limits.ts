import { readCpus, readMemory, readPids } from '../../box/limits.ts'
import { numeral, row, takenBy, text } from '../../key.ts'

/** `[limits]`, as typed; '' and `none` mean no limit. */
export const limits = {
  cpus: row({
    key: 'limits.cpus',
    meaning: 'Cores the sandbox may use, like 2, 1.5 or 50% of this machine, or none for no limit',
    initial: '',
    schema: (v) =>
      v.pipe(numeral(v), v.check(takenBy(readCpus), 'must be a number like 2 or 1.5, a share like "50%", or "none"')),
    rule: { limit: readCpus },
    withoutBox: 'closes',
    flags: [{ name: 'cpus', rank: 50, valueHint: 'N', description: 'Cores the sandbox may use, like 2, 1.5 or 50%' }],
  }),
  memory: row({
    key: 'limits.memory',
    meaning: 'Memory the sandbox may use, like 4g, 512m or 50% of this machine, or none for no limit',
    initial: '',
    schema: (v) =>
      v.pipe(text(v), v.check(takenBy(readMemory), 'must be a size like "4g", of 64m at least, a share like "50%", or "none"')),
    rule: { limit: readMemory },
    withoutBox: 'closes',
    flags: [{ name: 'memory', rank: 50, valueHint: 'SIZE', description: 'Memory the sandbox may use, like 4g, 512m or 50%' }],
  }),
  pids: row({
    key: 'limits.pids',
    meaning: 'Processes the sandbox may have, or none for no limit',
    initial: '4096',
    schema: (v) => v.pipe(numeral(v), v.check(takenBy(readPids), 'must be a whole number of at least 16, or "none"')),
    rule: { limit: readPids },
    withoutBox: 'closes',
    flags: [
      {
        name: 'pids',
        rank: 50,
        valueHint: 'N',
        description: 'Processes the sandbox may have (default: 4096); none for no limit',
      },
    ],
  }),
}
