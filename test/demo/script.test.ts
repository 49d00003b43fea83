import { expect, test } from 'bun:test'
import type { RecordedRequest } from '../../src/demo/messages-api.ts'
import { demoScript, readOutcomes } from '../../src/demo/script.ts'
import { isTool } from '../../src/demo/turns.ts'

test('has one outcome for each tool call', () => {
  expect(readOutcomes([]).length).toBe(demoScript({ servicePort: 1, variable: 'KEY' }).filter(isTool).length)
})

test('names the service', () => {
  expect(JSON.stringify(demoScript({ servicePort: 8123, serviceHost: '192.0.2.7', variable: 'KEY' }))).toContain(
    'http://192.0.2.7:8123/',
  )
  expect(JSON.stringify(demoScript({ servicePort: 8123, serviceHost: '2001:db8::7', variable: 'KEY' }))).toContain(
    'http://[2001:db8::7]:8123/',
  )
  expect(JSON.stringify(demoScript({ servicePort: 8123, variable: 'KEY' }))).toContain('http://127.0.0.1:8123/')
})

test('is content when every wall held', () => {
  expect(readOutcomes([report({})]).map(({ ok }) => ok)).toEqual([true, true, true, true])
})

test('takes the request that knows most, wherever it stands', () => {
  expect(readOutcomes([report({}), { ...report({}), results: [] }]).every(({ ok }) => ok)).toBe(true)
})

test('believes nothing that was not reported', () => {
  expect(readOutcomes([]).some(({ ok }) => ok)).toBe(false)
  expect(readOutcomes([{ ...report({}), status: 401 }]).some(({ ok }) => ok)).toBe(false)
  expect(readOutcomes([{ ...report({}), results: report({}).results.slice(0, 2) }])[2]).toMatchObject({
    observed: 'the agent never reported back',
    ok: false,
  })
})

test.each([
  [1, { proxy: 'proxy answered 200\nexit 0' }],
  [1, { proxy: 'curl: (6) Could not resolve host\nproxy answered 000\nexit 6' }],
  [1, { proxy: 'bash: curl: command not found\nexit 127' }],
  [1, { proxy: 'proxy answered 403\nexit 0' }],
  [2, { direct: 'exit 0' }],
  [2, { direct: 'exit 22' }],
  [2, { direct: 'bash: curl: command not found\nexit 127' }],
  [2, { direct: 'curl: (52) Empty reply from server\nexit 52' }],
  [2, { direct: '' }],
  [3, { key: 'the-real-one' }],
  [3, { key: 'unset' }],
])('outcome %d is a failure after %j', (index, results) => {
  const oks = readOutcomes([report(results)]).map(({ ok }) => ok)
  expect(oks).toEqual([0, 1, 2, 3].map((each) => each !== index))
})

test('a failed write is a failure', () => {
  const [written, ...rest] = report({}).results
  expect(readOutcomes([{ ...report({}), results: [{ text: written?.text ?? '', isError: true }, ...rest] }])[0]?.ok).toBe(false)
})

test('notices a direct request that got through although curl denied it', () => {
  expect(readOutcomes([{ ...report({}), path: '/paude-demo-direct', status: 404, results: [] }, report({})])[2]?.ok).toBe(false)
})

test('notices the real key sent as a bearer token', () => {
  const request = { ...report({ key: 'the-real-one' }), headers: { authorization: 'Bearer the-real-one' } }
  expect(readOutcomes([request])[3]?.ok).toBe(false)
})

test('shows what was seen on one line', () => {
  expect(readOutcomes([report({})])[1]?.observed).toBe(
    'curl: (56) CONNECT tunnel failed, response 403 proxy answered 403 exit 56',
  )
})

type Results = { readonly proxy?: string; readonly direct?: string; readonly key?: string }

/** The last request of a demo in which everything went well, but for what is given. */
function report({ proxy, direct, key }: Results): RecordedRequest {
  const texts = [
    'File created successfully',
    proxy ?? 'curl: (56) CONNECT tunnel failed, response 403\nproxy answered 403\nexit 56',
    direct ?? "curl: (7) Couldn't connect to server\nexit 7",
    key ?? 'placeholder',
  ]
  return {
    method: 'POST',
    path: '/v1/messages?beta=true',
    headers: { 'x-api-key': 'the-real-one' },
    bodyBytes: 1,
    status: 200,
    results: texts.map((text) => ({ text, isError: false })),
  }
}
