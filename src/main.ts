import { version } from '../package.json'
import { main } from './cli/main.ts'
import { readHost } from './host.ts'

process.exitCode = await main(process.argv.slice(2), readHost(), version)
