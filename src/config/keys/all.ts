import type { Settings } from './settings.ts'

/** What each key of a file sets. `env` sets `references` as well. */
export const fileKeys = {
  agent: 'agent',
  backend: 'backend',
  fallback: 'fallback',
  devcontainer: 'devcontainer',
  'provider.base_url': 'baseUrl',
  'provider.api_key': 'apiKey',
  'provider.auth_token': 'authToken',
  'provider.oauth_token': 'oauthToken',
  'image.ref': 'image',
  'image.base': 'imageBase',
  'image.agent_version': 'agentVersion',
  'image.pull': 'pull',
  'image.ca_files': 'caFile',
  'network.mode': 'network',
  'network.allow': 'networkAllow',
  'network.deny': 'networkDeny',
  'network.groups': 'networkGroups',
  'network.ports': 'networkPorts',
  'network.upstream_proxy': 'upstreamProxy',
  'network.upstream_credentials': 'upstreamCredentials',
  'network.upstream_except': 'upstreamExcept',
  'network.dns': 'dns',
  'network.ip': 'ip',
  'network.bandwidth': 'bandwidth',
  'network.inject': 'inject',
  'limits.cpus': 'cpus',
  'limits.memory': 'memory',
  'limits.pids': 'pids',
  'workspace.protect': 'protect',
  mounts: 'mount',
  env: 'env',
  'docker.extra_flags': 'dockerFlags',
  'podman.extra_flags': 'podmanFlags',
  'security.read_only_root': 'readOnlyRoot',
  'security.no_new_privileges': 'noNewPrivileges',
  'security.seccomp': 'seccomp',
  'security.project_config': 'projectConfig',
  'terminal.detach_keys': 'detachKeys',
  'terminal.scrollback': 'scrollback',
  notify: 'notify',
} as const satisfies Readonly<Record<string, keyof Settings>>

export type FileKey = keyof typeof fileKeys

/** What only a devcontainer.json sets, by the names under which it is shown. */
const ELSEWHERE: Readonly<Partial<Record<keyof Settings, string>>> = {
  references: 'env',
  imageBuild: 'build',
  lifecycle: 'lifecycle',
  forwardPorts: 'forwardPorts',
}

/** Name of a setting in files; '' for what only flags and variables set. */
export const keyOf = (setting: keyof Settings): string =>
  ELSEWHERE[setting] ?? (Object.keys(fileKeys) as FileKey[]).find((key) => fileKeys[key] === setting) ?? ''
