import type { Devcontainer } from './schema.ts'

const TAKEN = [
  ...[
    'image',
    'build',
    'dockerFile',
    'context',
    'dockerComposeFile',
    'service',
    'features',
    'containerEnv',
    'remoteEnv',
    'mounts',
  ],
  ...['workspaceFolder', 'onCreateCommand', 'updateContentCommand', 'postCreateCommand', 'postStartCommand', 'waitFor'],
  ...['runArgs', 'privileged', 'capAdd', 'securityOpt', 'forwardPorts', 'overrideFeatureInstallOrder'],
]
const TAKEN_OF_BUILD = ['dockerfile', 'context', 'args', 'target']

/** Says nothing about a box, what every box has anyway, or what an editor alone is told: no word about these. */
const IDLE = [
  ...['$schema', 'name', 'init', 'updateRemoteUserUID', 'overrideCommand', 'shutdownAction', 'userEnvProbe'],
  ...['customizations', 'extensions', 'settings', 'devPort', 'postAttachCommand', 'portsAttributes', 'otherPortsAttributes'],
  ...['codespaces', 'secrets'],
]
const IDLE_OF_BUILD = ['cacheFrom', 'options']

const WHY: Readonly<Record<string, string>> = {
  appPort: 'use paude forward',
  initializeCommand: 'it would run on this machine',
  hostRequirements: 'use [limits]',
  runServices: 'a sandbox is one container',
  remoteUser: 'the sandbox runs as you',
  containerUser: 'the sandbox runs as you',
  workspaceMount: 'the project is mounted at its own path',
}

/** Keys without effect here, with the reason where there is one. */
export function ignoredKeys(found: Devcontainer): readonly string[] {
  const keys = Object.keys(found).filter((key) => !TAKEN.includes(key) && !IDLE.includes(key))
  const recipe = found.build?.dockerfile ?? found.dockerFile
  const ofBuild = Object.keys(found.build ?? {}).filter((key) => !IDLE_OF_BUILD.includes(key))
  return [
    ...keys.map((key) => (Object.hasOwn(WHY, key) ? `${key} (${WHY[key]})` : key)),
    ...ofBuild.flatMap((key) =>
      !TAKEN_OF_BUILD.includes(key)
        ? [`build.${key}`]
        : recipe === undefined && found.dockerComposeFile === undefined
          ? [`build.${key} (without a Dockerfile)`]
          : [],
    ),
  ]
}
