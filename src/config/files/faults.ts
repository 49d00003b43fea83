import { type BaseIssue, getDotPath } from 'valibot'
import { nearest } from '../../text.ts'
import { meantValue } from '../keys/meant.ts'
import { keyNames } from '../keys/names.ts'

/** What is wrong with a file, in words: `hint` is '' where the message says what to write. */
export type Fault = { readonly path: string; readonly message: string; readonly hint: string }

/** Tells of the first thing that the schema does not take. */
export function faultOf(outer: BaseIssue<unknown>, table: 'a table' | 'an object' = 'a table'): Fault {
  const { issue, path: written } = innermost(outer)
  const path = written || 'it'
  const having = ({ input, received }: BaseIssue<unknown>): string =>
    Array.isArray(input) ? 'a list' : typeof input === 'object' && input !== null ? table : received
  if (issue.expected === 'never') {
    const elsewhere = ELSEWHERE.get(path.split('.').at(-1) ?? '')
    if (elsewhere !== undefined) return { path, message: `unknown key ${path}`, hint: elsewhere }
    const known = [...new Set(keyNames().flatMap((name) => name.split('.')))]
    return {
      path,
      message: `unknown key ${path}`,
      hint: asQuestion(nearest(path.split('.').at(-1) ?? '', known), 'paude help keys'),
    }
  }
  if (issue.received === 'undefined') return { path, message: `${path} is missing`, hint: `add ${path}` }
  const listed = listedIn(issue)
  if (listed !== undefined) {
    const words = [...(listed.expected ?? '').matchAll(/"([^"]*)"/g)].map(([, word = '']) => word)
    const record = /(^|\.)network\.mode$/.test(path) && issue.input === 'record'
    const hint = record ? ONE_START : typeof issue.input === 'string' ? asQuestion(meantValue(issue.input, words), '') : ''
    return { path, message: `${path} must be one of ${words.join(', ')}, found ${having(issue)}`, hint }
  }
  if (issue.type === 'union' || issue.type === 'custom')
    return { path, message: `${path} ${issue.message}, found ${having(issue)}`, hint: '' }
  const type = TABLES.includes(issue.type) ? table : TYPES.get(issue.type)
  return {
    path,
    message: type === undefined ? `${path} ${issue.message}` : `${path} must be ${type}, found ${having(issue)}`,
    hint: Array.isArray(outer.input) ? '' : instead(issue, path),
  }
}

/** The words of a value, also where another form may stand in their place. */
const listedIn = (issue: BaseIssue<unknown>): BaseIssue<unknown> | undefined =>
  [issue, ...(issue.type === 'union' ? (issue.issues ?? []) : [])].find(({ type }) => type === 'picklist')

/** What was meant by a value of another type; '' where nobody knows. */
function instead({ type, input }: BaseIssue<unknown>, path: string): string {
  if (type === 'array' && typeof input === 'string') return `write a list: [${JSON.stringify(input)}]`
  if (type !== 'string' || !['number', 'boolean'].includes(typeof input)) return ''
  // A number alone would be bytes.
  const unit = typeof input === 'number' && /(^|\.)memory$/.test(path) ? 'g' : ''
  return `put it in quotes${unit === '' ? '' : ', with a unit'}: ${JSON.stringify(`${input}${unit}`)}`
}

const ONE_START = 'record mode is for one start and cannot be set in a file: paude --network record'
/** Names that other tools have for it, and sections of engines that have none. */
const ELSEWHERE = new Map([
  ...['apple', 'zellij'].map((name) => [name, `${name} has no settings of its own: backend = "${name}" chooses it`] as const),
  ['kubectl', 'write [kubernetes]'],
  ['assistant', 'write agent = "claude"'],
])

/** Types as TOML has them; whatever else is checked has a message of its own. */
const TYPES = new Map([
  ['string', 'a string'],
  ['number', 'a number'],
  ['boolean', 'true or false'],
  ['array', 'a list'],
])
const TABLES: readonly string[] = ['strict_object', 'loose_object', 'record']

const asQuestion = (close: string | null, otherwise: string): string => (close === null ? otherwise : `did you mean ${close}?`)

/** Where several forms are accepted, what is wrong with the one that was meant. */
function innermost(issue: BaseIssue<unknown>): { readonly issue: BaseIssue<unknown>; readonly path: string } {
  const path = getDotPath(issue) ?? ''
  // Of a form that was not meant, its own keys are missing and those that are there are unknown.
  const inner =
    forms(issue).find(({ expected, received }) => received !== 'undefined' && expected !== 'never') ??
    issue.issues?.find((one) => one.path !== undefined)
  if (inner === undefined) return { issue, path }
  const below = innermost(inner)
  return { ...below, path: `${path}.${below.path}` }
}

/** What is wrong with each form; a form can be one of several itself. */
const forms = ({ issues }: BaseIssue<unknown>): readonly BaseIssue<unknown>[] =>
  issues?.flatMap((one) => (one.path === undefined ? forms(one) : [one])) ?? []
