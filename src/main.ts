import { main } from './cli/main.ts'
import { readHost } from './host.ts'
import { version } from '../package.json'

process.exitCode = await main(process.argv.slice(2), readHost(), version)
