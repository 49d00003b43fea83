import type { Grammar } from '../grammar.ts'

/** Words of bash and sh. */
export const grammar: Grammar = {
  valued: ['-c', '-o', '-O', '--init-file', '--rcfile'],
  variadic: [],
  optional: [],
  switches: ['--login', '--noprofile', '--norc', '--posix', '--restricted', '--verbose'],
  verbs: [],
  printingVerbs: [],
  namingVerbs: [],
  quiet: ['--help', '--version'],
  printing: ['-c'],
  paths: [],
  names: [],
  chooses: [],
  elsewhere: [],
  unattended: [],
  once: ['-c'],
}
