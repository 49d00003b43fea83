import { PaudeError } from '../../errors.ts'
import { printableOutput } from '../../text.ts'
import type { Failure } from '../backend.ts'
import { type Explanation, explainBy } from '../explain-by.ts'

/** Says what went wrong and what to do about it; the engine's own words are the cause. */
export function explain(failure: Failure): PaudeError {
  const words = printableOutput(`${failure.stderr}\n${failure.stdout}`).trim()
  return (
    explainBy(rows, words, (groups) => groups.find((group) => group !== undefined) ?? '') ??
    new PaudeError(
      'command-failed',
      `${said(failure)}${failure.stderr.trim() === '' ? '' : `: ${printableOutput(failure.stderr).trim()}`}`,
      {
        cause: new Error(words),
      },
    )
  )
}

const START = 'container system start'

/** What its source says; no Mac was asked. `found` is the first group of the pattern that took part. */
const rows: readonly Explanation<string>[] = [
  {
    when: /"status"\s*:\s*"(?:unregistered|not running)"|XPC connection error|container system service has been started|apiserver is not running/i,
    code: 'backend-down',
    say: () => "the service of Apple's container is not running",
    hint: () => `start it: ${START}`,
  },
  {
    when: /kernel (?:is )?not (?:configured|found)|no default kernel/i,
    code: 'backend-down',
    say: () => "Apple's container has no Linux kernel yet",
    hint: () => 'download the recommended one: container system kernel set --recommended',
  },
  {
    when: /requires macOS (\d+)|macOS (\d+) (?:or (?:newer|later) )?(?:is )?required/i,
    code: 'backend-old',
    say: (found) => `this needs macOS ${found}`,
    hint: () => 'update macOS, or choose another backend: paude backends',
  },
  {
    when: /Unknown option '?(-[-\w]+)|Unexpected argument '?([^'\s]+)/,
    code: 'backend-old',
    say: (found) => `this container does not know ${found}`,
    hint: () => 'update it: container 1.0 is the oldest that works',
  },
  {
    when: /image not found(?:: (\S+))?|"?image "?(\S+?)"? not found/i,
    code: 'image-missing',
    say: (found) => `apple has no image ${found}`.trimEnd(),
    hint: (found) => (/^$|^localhost\//.test(found) ? 'paude image build' : `container image pull ${found}`),
  },
  {
    when: /storage device attachment is invalid|volume '?(\S+?)'? is (?:already )?in use/i,
    code: 'refused',
    say: (found) => `a volume is in use by another session${found === '' ? '' : `: ${found}`}`,
    hint: () => 'apple gives a volume to one running session at a time: paude sessions, then paude stop ID',
  },
  {
    when: /no space left on device/i,
    code: 'disk-full',
    say: () => 'no space left where container keeps its images and machines',
    hint: () => 'see what takes it: container system df',
  },
  {
    when: /unauthorized|authentication required|denied: /i,
    code: 'registry',
    say: () => 'the registry wants a login',
    hint: () => 'container registry login',
  },
]

/** Program, verb and exit code of a call. */
function said({ argv: [program, ...words], code }: Failure): string {
  const verb = program === 'container' ? words.filter((word) => !word.startsWith('-')).slice(0, 1) : []
  return `${['container', ...verb].join(' ')} ended with exit code ${code}`
}
