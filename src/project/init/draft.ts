import { shown } from '../../text.ts'
import type { Proposal } from './propose.ts'

/** A project's file as it begins: the groups, and above them why each is there. */
export const freshFile = (proposals: readonly Proposal[]): string =>
  [
    '# paude.toml: what this project needs of the network. It holds once paude trust has shown it to you and you agree.',
    'version = 1',
    '',
    '[network]',
    ...proposals.map(({ group, reasons }) => `# ${group}: ${reasons.map(shown).join(', ') || 'as you said'}`),
    `groups = [${proposals.map(({ group }) => JSON.stringify(group)).join(', ')}]`,
    '',
  ].join('\n')

/** Lines that come and go between two texts of a file. */
export function changedLines(before: string, after: string): readonly string[] {
  const [old, fresh] = [before.split('\n'), after.split('\n')]
  return [
    ...old.filter((line) => !fresh.includes(line)).map((line) => `- ${line}`),
    ...fresh.filter((line) => !old.includes(line)).map((line) => `+ ${line}`),
  ]
}
