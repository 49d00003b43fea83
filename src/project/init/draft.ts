import { shown } from '../../text.ts'
import { DEBIAN_NODE, type Preset } from './presets.ts'
import type { Proposal } from './propose.ts'

/** Debian's release is older than the one that obeys the proxy by itself. */
const NODE = `# Debian's Node.js (${DEBIAN_NODE}): its fetch() ignores the proxy. If your code calls fetch(): tools = ["node@24"] instead of nodejs and npm.`

/** A project's file as it begins: the groups, and above them why each is there; and the tools for them. */
export const freshFile = (proposals: readonly Proposal[], { packages, tools }: Preset): string =>
  [
    '# paude.toml: the hosts and tools that this project needs. With paude init you approved it for yourself; paude asks every other user first.',
    'version = 1',
    ...(packages.length + tools.length > 0 ? ['', '[image]'] : []),
    ...(packages.includes('nodejs') ? [NODE] : []),
    ...(packages.length > 0 ? [`packages = ${list(packages)}`] : []),
    ...(tools.length > 0 ? [`tools = ${list(tools)}`] : []),
    '',
    '[network]',
    ...proposals.map(({ group, reasons }) => `# ${group}: ${reasons.map(shown).join(', ') || 'your choice'}`),
    `groups = ${list(proposals.map(({ group }) => group))}`,
    '',
  ].join('\n')

const list = (words: readonly string[]): string => `[${words.map((word) => JSON.stringify(word)).join(', ')}]`

/** Lines that come and go between two texts of a file. */
export function changedLines(before: string, after: string): readonly string[] {
  const [old, fresh] = [before.split('\n'), after.split('\n')]
  return [
    ...old.filter((line) => !fresh.includes(line)).map((line) => `- ${line}`),
    ...fresh.filter((line) => !old.includes(line)).map((line) => `+ ${line}`),
  ]
}
