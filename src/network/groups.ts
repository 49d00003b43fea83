import { PaudeError, quoted } from '../errors.ts'
import type { Allow, Deny } from './allow.ts'
import { parseAllow, parseDeny, USUAL_PORTS } from './pattern.ts'

/** Hosts that one tool or provider needs, each with its reason. */
export type Group = { readonly name: string; readonly what: string; readonly hosts: readonly GroupHost[] }
export type GroupHost = { readonly host: string; readonly why: string }

const GOOGLE_REGIONS = [
  'us-central1',
  'us-east1',
  'us-east4',
  'us-east5',
  'us-west1',
  'europe-west1',
  'europe-west4',
  'asia-southeast1',
]
const AMAZON_REGIONS = [
  ...['us-east-1', 'us-east-2', 'us-west-2', 'ca-central-1', 'sa-east-1'],
  ...['eu-central-1', 'eu-north-1', 'eu-west-1', 'eu-west-2', 'eu-west-3'],
  ...['ap-northeast-1', 'ap-northeast-2', 'ap-south-1', 'ap-southeast-1', 'ap-southeast-2'],
]

/** The name that a wildcard leaves out. */
const apex = (wildcard: string): string => wildcard.slice(2)

/** Every named group. A wildcard stands only where the tool's own hosts change or are many; none is on by default. */
const TABLE: Readonly<Record<string, { readonly what: string; readonly hosts: Readonly<Record<string, string>> }>> = {
  anthropic: {
    what: 'models of Anthropic',
    hosts: {
      'api.anthropic.com': 'messages',
      'platform.claude.com': 'login of a subscription',
      'claude.ai': 'login of a subscription',
    },
  },
  openai: {
    what: 'models of OpenAI',
    hosts: {
      'api.openai.com': 'models',
      'auth.openai.com': 'login of a subscription',
      'chatgpt.com': 'models of a subscription',
    },
  },
  'google-ai': {
    what: 'Gemini',
    hosts: {
      'generativelanguage.googleapis.com': 'models, by API key',
      'cloudcode-pa.googleapis.com': 'models, by login',
      'oauth2.googleapis.com': 'tokens of a login',
      'accounts.google.com': 'login',
    },
  },
  vertex: {
    what: 'models on Google Cloud',
    hosts: {
      'aiplatform.googleapis.com': 'models, global endpoint',
      ...Object.fromEntries(GOOGLE_REGIONS.map((region) => [`${region}-aiplatform.googleapis.com`, `models in ${region}`])),
      'oauth2.googleapis.com': 'tokens of a service account',
      'sts.googleapis.com': 'tokens of a federated identity',
    },
  },
  bedrock: {
    what: 'models on Amazon Bedrock',
    hosts: {
      ...Object.fromEntries(AMAZON_REGIONS.map((region) => [`bedrock-runtime.${region}.amazonaws.com`, `models in ${region}`])),
      ...Object.fromEntries(AMAZON_REGIONS.map((region) => [`sts.${region}.amazonaws.com`, `tokens of a role in ${region}`])),
    },
  },
  'azure-openai': {
    what: 'models on Azure',
    hosts: {
      '*.openai.azure.com': 'models, one host a resource',
      '*.services.ai.azure.com': 'models, one host a project',
      'login.microsoftonline.com': 'tokens of an identity',
    },
  },
  github: {
    what: 'GitHub: git, API, releases',
    hosts: {
      'github.com': 'git and pages',
      'api.github.com': 'the API, gh',
      'codeload.github.com': 'archives of a commit',
      'uploads.github.com': 'files of a release',
      '*.githubusercontent.com': 'raw files, releases, large files',
    },
  },
  gitlab: {
    what: 'GitLab: git, API, packages',
    hosts: { 'gitlab.com': 'git, API and packages', '*.gitlab-static.net': 'large files' },
  },
  npm: {
    what: 'packages of Node: npm, pnpm, yarn, bun',
    hosts: { '*.npmjs.org': 'packages', '*.yarnpkg.com': 'packages, by yarn' },
  },
  pypi: {
    what: 'packages of Python: pip, uv, poetry',
    hosts: { [apex('*.pypi.org')]: 'the index', '*.pythonhosted.org': 'the files' },
  },
  crates: {
    what: 'packages of Rust: cargo',
    hosts: { '*.crates.io': 'index and files', [apex('*.crates.io')]: 'search and publish' },
  },
  rust: { what: 'toolchains of Rust: rustup', hosts: { '*.rust-lang.org': 'toolchains and manifests' } },
  go: { what: 'modules of Go', hosts: { '*.golang.org': 'modules, checksums, toolchains', 'go.dev': 'import paths' } },
  maven: {
    what: 'packages of Java: maven, gradle',
    hosts: { '*.maven.org': 'packages', '*.maven.apache.org': 'packages', '*.gradle.org': 'plugins and distributions of gradle' },
  },
  rubygems: {
    what: 'packages of Ruby: gem, bundler',
    hosts: { [apex('*.rubygems.org')]: 'packages', '*.rubygems.org': 'the index' },
  },
  debian: { what: 'packages of Debian: apt', hosts: { '*.debian.org': 'packages and security updates' } },
  ubuntu: { what: 'packages of Ubuntu: apt', hosts: { '*.ubuntu.com': 'packages and security updates' } },
  alpine: { what: 'packages of Alpine: apk', hosts: { '*.alpinelinux.org': 'packages' } },
  'docker-hub': {
    what: 'images of Docker Hub',
    hosts: {
      '*.docker.io': 'login and manifests',
      '*.docker.com': 'layers',
      '*.6aa30f8b08e16409b46e0173d6de2f56.r2.cloudflarestorage.com': 'layers, in a store of their own',
    },
  },
  huggingface: {
    what: 'models and data sets of Hugging Face',
    hosts: { 'huggingface.co': 'the hub', '*.huggingface.co': 'files', '*.hf.co': 'large files' },
  },
}

export const groups: readonly Group[] = Object.entries(TABLE).map(([name, { what, hosts }]) => ({
  name,
  what,
  hosts: Object.entries(hosts).map(([host, why]) => ({ host, why })),
}))

/** The group of a name, with or without `@`. Throws `usage` for one there is not. */
export function findGroup(written: string): Group {
  const name = written.replace(/^@/, '')
  const found = groups.find((group) => group.name === name)
  if (found !== undefined) return found
  throw new PaudeError('usage', `there is no group ${quoted(`@${name}`)}`, {
    hint: 'paude network groups lists them',
  })
}

/** Reads one entry of an allowlist, which may name a group: `@github`. A group has ports of its own, whatever the `usual` ones are. */
export const parseEntry = (entry: string, why: string, usual = USUAL_PORTS): readonly Allow[] =>
  entry.startsWith('@') ? groupAllows(findGroup(entry), why) : [parseAllow(entry, why, usual)]

/** Reads one entry of a denylist, which may name a group. */
export const parseDenyEntry = (entry: string, why: string): readonly Deny[] =>
  entry.startsWith('@') ? findGroup(entry).hosts.map(({ host }) => parseDeny(host, `${entry}, ${why}`)) : [parseDeny(entry, why)]

/** The hosts of a group, by TLS alone: none of these tools needs plain requests. */
const groupAllows = ({ name, hosts }: Group, why: string): readonly Allow[] =>
  hosts.map(({ host, why: reason }) => ({ ...parseAllow(host, `@${name}: ${reason}, ${why}`), ports: portsOf(name) }))

/** apt fetches signed lists by plain HTTP. */
const portsOf = (name: string): readonly number[] =>
  name === 'debian' || name === 'ubuntu' || name === 'alpine' ? [80, 443] : [443]

/** A group as an entry of an allowlist: with its sign, however it was written. */
export const groupEntry = (name: string): string => `@${name.replace(/^@/, '')}`
