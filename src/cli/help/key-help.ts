import { KEY_MEANINGS } from '../../config/keys/meanings.ts'
import { fixedValues } from '../../config/keys/names.ts'
import { flagWord, type OwnFlag, ownFlags, variableOf } from '../../config/keys/own-flags.ts'
import { trustOf } from '../../config/keys/trust-text.ts'
import { allRows, type rowOf } from '../../config/sections/rows.ts'
import { definitions, wrapped } from '../streams/layout.ts'
import { bold } from '../streams/output.ts'

/** Every key that has a meaning, in the order of the reference. */
export const helpKeys: readonly string[] = Object.keys(KEY_MEANINGS).filter((key) => key !== '')

/** `paude help KEY`, of a key, of a section, or of what a flag of that name sets; null when nothing is called that. */
export function keyHelp(word: string, width: number): string | null {
  const name = word.replace(/^--/, '')
  const flag = (ownFlags as readonly OwnFlag[]).find((one) => one.name === name)
  const key = Object.hasOwn(KEY_MEANINGS, word) ? word : (allRows.find(([setting]) => setting === flag?.key)?.[1].key ?? '')
  if (key !== '') return oneKey(key, width)
  const section = helpKeys.filter((one) => one.startsWith(`${word}.`))
  if (word === 'keys' || section.length > 0) return keyList(word === 'keys' ? helpKeys : section, width)
  return flag === undefined
    ? null
    : [bold(flagWord(flag)), ...wrapped(flag.description, width), '', ...facts([['Variable', variable(flag)]], width)].join('\n')
}

const keyList = (keys: readonly string[], width: number): string =>
  definitions(
    keys.map((key) => [bold(key), KEY_MEANINGS[key] ?? '']),
    width,
    0,
  ).join('\n')

function oneKey(key: string, width: number): string {
  const row = allRows.find(([, one]) => one.key === key)?.[1]
  const setting = allRows.find(([, one]) => one.key === key)?.[0]
  const flag = (ownFlags as readonly OwnFlag[]).find((one) => one.key === setting && one.alias === undefined)
  const below = helpKeys.filter((one) => one.startsWith(`${key}.`))
  const values = fixedValues(key)
  return [
    bold(key),
    ...wrapped(KEY_MEANINGS[key] ?? '', width),
    '',
    ...facts(
      [
        ['Default', row === undefined ? '' : defaultText(row)],
        ['Values', values.join(', ')],
        ['Flag', flag === undefined ? '' : flagWord(flag)],
        [
          'Variable',
          flag === undefined ? (row?.variable === undefined ? '' : variableOf({ name: row.variable })) : variable(flag),
        ],
        ['Approval', row === undefined ? '' : `in a project's file: ${trustOf(row)}`],
        ['Set it', `paude config set ${key} VALUE`],
      ],
      width,
    ),
    ...(below.length === 0 ? [] : ['', keyList(below, width)]),
  ].join('\n')
}

const facts = (rows: readonly (readonly [string, string])[], width: number): readonly string[] =>
  definitions(
    rows.filter(([, text]) => text !== ''),
    width,
  )

const variable = (flag: OwnFlag): string => (flag.alias ? '' : variableOf(flag))

function defaultText({ initial, unset }: ReturnType<typeof rowOf>): string {
  if (unset !== undefined) return unset
  if (Array.isArray(initial)) return initial.length === 0 ? 'none' : initial.join(', ')
  return initial === '' ? 'not set' : String(initial)
}
