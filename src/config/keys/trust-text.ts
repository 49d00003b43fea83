import * as v from 'valibot'
import type { Row, Rule } from '../../key.ts'
import { ConfigFile } from './schema.ts'

/** Which values of a key need your approval in a project's file, for help and reference. */
export const trustOf = ({ key = '', rule, notIn, projectMay }: Row<unknown>): string =>
  projectMay !== undefined
    ? `nothing: a project can only set ${projectMay.words.join(' or ')}`
    : // What a project's file cannot have may still have an order, for the managed one.
      needsTrust(notIn?.project === undefined ? rule : 'own', (value) => isTaken(key, value))

function needsTrust(rule: Rule, canHold: (value: string) => boolean): string {
  switch (rule) {
    case 'differs':
      return 'any other value'
    case 'adds':
      return 'every added entry'
    case 'each':
      return 'every entry'
    case 'closes':
      return 'nothing: it only restricts'
    case 'own':
      return 'not allowed'
    default:
      return 'order' in rule
        ? `a looser value needs approval (${rule.order.filter(canHold).join(' < ')})`
        : 'a higher limit, or none'
  }
}

/** Whether the schema of files takes a value that is ordered by its text. */
function isTaken(key: string, value: string): boolean {
  const written: unknown = value === 'true' || value === 'false' ? value === 'true' : value
  const file = key.split('.').reduceRight((inner, name) => ({ [name]: inner }), written)
  return v.safeParse(ConfigFile, file).success
}
