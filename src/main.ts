import { basename } from 'node:path'
import { version } from '../package.json'
import { main } from './cli/main.ts'
import { readHost } from './host.ts'

/** Milliseconds after which a process is one that lasts, such as what keeps a terminal: from then on its code is worth compiling soon (scripts/build.ts). */
const LASTING = 1000
setTimeout(() => Bun.unsafe.setJITPolicy(1), LASTING).unref()

const words = process.argv.slice(2)
// git starts it by this name, and takes both words from a configuration: none is a flag.
const isForGit = basename(process.argv0) === 'git-remote-paude'
process.exitCode = await main(isForGit ? ['git-remote', '--', ...words] : words, readHost(), version)
