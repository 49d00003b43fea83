import { readAgentVersion } from '../../image/agent-version.ts'
import type { CaFile } from '../../image/ca.ts'
import { requireImageReference } from '../../image/reference.ts'
import { readPackage, readTool } from '../../image/tools.ts'
import { oneWord, row, text, texts } from '../../key.ts'

/** `[image]`: what the box is made of. */
export const image = {
  /** '' means the agent's own image. */
  image: row({
    key: 'image.ref',
    meaning: 'Image of the sandbox; if it is not set, paude builds one',
    initial: '',
    schema: text,
    rule: 'differs',
    read: requireImageReference,
    refuse: requireImageReference,
    flags: [{ name: 'image', rank: 30, valueHint: 'REF', description: 'Image of the sandbox (default: built from Debian)' }],
  }),
  /** '' means Debian. */
  imageBase: row({
    key: 'image.base',
    meaning: 'Base of the image that paude builds',
    initial: '',
    schema: text,
    rule: 'differs',
    read: requireImageReference,
  }),
  /** Of the chosen agent, whichever that is: a key for each would be a second spelling beside the one that files have. */
  agentVersion: row({
    key: 'image.agent_version',
    meaning: 'Release of the agent in the image that paude builds (default: the one paude is tested with)',
    initial: '',
    schema: text,
    rule: 'differs',
    read: readAgentVersion,
    flags: [
      {
        name: 'agent-version',
        rank: 35,
        valueHint: 'X.Y.Z',
        description: 'Release of the agent in the image that paude builds (default: the one paude is tested with)',
      },
    ],
  }),
  imageVariant: oneWord(['slim', 'full'], {
    key: 'image.variant',
    meaning: 'slim, or full: with a compiler, Python, Node, gh and other tools that agents use',
    initial: 'slim',
    rule: { order: ['slim', 'full'] },
    withoutBox: 'free',
  }),
  imagePackages: row({
    key: 'image.packages',
    meaning: 'Debian packages to add to the image, such as nodejs',
    initial: [] as readonly string[],
    schema: texts,
    rule: 'adds',
    read: readPackage,
  }),
  imageTools: row({
    key: 'image.tools',
    meaning: 'Tools to add to the image with mise, such as node@24 or go',
    initial: [] as readonly string[],
    schema: texts,
    rule: 'adds',
    read: readTool,
  }),
  pull: oneWord(['always', 'missing', 'never'], {
    key: 'image.pull',
    meaning: 'When to fetch or build images',
    initial: 'missing',
    rule: { order: ['never', 'missing', 'always'] },
    withoutBox: 'free',
    flags: [{ name: 'pull', rank: 30, valueHint: 'WHEN', description: 'When to fetch or build images (default: missing)' }],
  }),
  caFile: row({
    key: 'image.ca_files',
    meaning: 'Files of certificates to trust in addition to the public ones',
    initial: [] as readonly CaFile[],
    schema: texts,
    rule: 'adds',
    flags: [
      {
        name: 'ca-file',
        rank: 85,
        valueHint: 'FILE',
        description: 'Certificates to trust in addition to the public ones (default: those that this machine adds)',
      },
    ],
  }),
}
