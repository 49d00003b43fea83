import { isIPv6 } from 'node:net'
import type { ToolResult } from './conversation.ts'
import type { RecordedRequest } from './messages-api.ts'
import { RESULT, type Turn } from './turns.ts'

/** What the demo claimed and what the API saw of it. */
export type Outcome = {
  readonly title: string
  readonly expected: string
  /** One line; says so when the step was never reached. */
  readonly observed: string
  readonly ok: boolean
  /** Whether its result has arrived. */
  readonly reported: boolean
}

type DemoTarget = {
  /** A port on which something really answers outside the session: the messages API's own will do. */
  readonly servicePort: number
  /** Where it listens. Loopback when absent, which inside a session has to be another one than the host's. */
  readonly serviceHost?: string
  /** Variable that an API key would be in. */
  readonly variable: string
}

/** Any words do; these stay in the transcript. */
export const demoPrompt = 'Show me what a session can and cannot do.'

/** What the scripted model does for `paude demo`. Its tool calls are read back by `readOutcomes`, in this order. */
export function demoScript({ servicePort, serviceHost = '127.0.0.1', variable }: DemoTarget): readonly Turn[] {
  const host = isIPv6(serviceHost) ? `[${serviceHost}]` : serviceHost
  return [
    {
      kind: 'say',
      text: 'Hello! My model is a script on this machine, but everything I do in this session is real. First I write a file.',
    },
    { kind: 'write', path: 'paude-demo.txt', text: 'An agent wrote this from inside a paude session.\n' },
    { kind: 'say', text: 'Now I ask for a host that is not on the allowlist.' },
    {
      kind: 'bash',
      command: withExit("curl -sS -m 10 -o /dev/null -w 'proxy answered %{http_connect}\\n' https://example.org/"),
    },
    { kind: 'say', text: 'Next I go around the proxy, straight to a service of your machine.' },
    // Without --noproxy the proxy would refuse it and the wall behind the proxy would go untested.
    { kind: 'bash', command: withExit(`curl -sS -m 5 --noproxy '*' -o /dev/null 'http://${host}:${servicePort}${DIRECT_PATH}'`) },
    { kind: 'say', text: 'Last I look for your API key.' },
    { kind: 'bash', command: `printenv ${variable} || echo unset` },
    {
      kind: 'say',
      text: `Instead of your API key I found "${RESULT}".`,
    },
  ]
}

/** What came of each step, as reported by the requests that reached the API. Never guesses: a missing report is not ok. */
export function readOutcomes(requests: readonly RecordedRequest[]): readonly Outcome[] {
  const served = requests.filter(({ status }) => status === 200)
  const results = served.reduce<readonly ToolResult[]>((most, { results }) => (results.length > most.length ? results : most), [])
  return CHECKS.map(({ title, expected, passed }, index) => {
    const result = results[index]
    if (!result) return { title, expected, observed: 'the agent never reported back', ok: false, reported: false }
    return { title, expected, observed: oneLine(result.text), ok: passed(result, requests), reported: true }
  })
}

type Check = {
  readonly title: string
  readonly expected: string
  readonly passed: (result: ToolResult, requests: readonly RecordedRequest[]) => boolean
}

/** One per tool call of the script. */
const CHECKS: readonly Check[] = [
  { title: 'writes a file in the project', expected: 'allowed', passed: ({ isError }) => !isError },
  {
    title: 'asks for a host that is not on the allowlist',
    expected: 'blocked by the proxy',
    passed: ({ text }) => /\b403\b/.test(text) && exitOf(text) > 0,
  },
  {
    title: 'connects to this machine, past the proxy',
    expected: 'no connection',
    passed: ({ text }, requests) => NO_CONNECTION.includes(exitOf(text)) && !requests.some(({ path }) => path === DIRECT_PATH),
  },
  {
    title: 'looks for the API key',
    expected: 'finds only a placeholder',
    passed: ({ text, isError }, requests) =>
      !isError &&
      text.trim() !== 'unset' &&
      !requests.some(({ status, headers }) => status === 200 && holds(headers, text.trim())),
  },
]

const DIRECT_PATH = '/paude-demo-direct'

/** curl's codes for refused or unreachable and for timed out. Not 127: without curl nothing was proved. */
const NO_CONNECTION: readonly number[] = [7, 28]

const withExit = (command: string): string => `${command} 2>&1; echo "exit $?"`

const exitOf = (text: string): number => Number(/\bexit (\d+)\s*$/.exec(text)?.[1] ?? -1)

const holds = (headers: Readonly<Record<string, string>>, key: string): boolean =>
  headers['x-api-key'] === key || headers['authorization'] === `Bearer ${key}`

const oneLine = (text: string): string => text.trim().replaceAll(/\s+/g, ' ').slice(0, 200)
