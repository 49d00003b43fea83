import type { Devcontainer } from './schema.ts'

const TAKEN = [
  ...['image', 'build', 'dockerFile', 'context', 'dockerComposeFile', 'features', 'containerEnv', 'remoteEnv', 'mounts'],
  ...['workspaceFolder', 'onCreateCommand', 'updateContentCommand', 'postCreateCommand', 'postStartCommand'],
  ...['runArgs', 'privileged', 'capAdd', 'securityOpt', 'forwardPorts'],
]
const TAKEN_OF_BUILD = ['dockerfile', 'context', 'args', 'target']

/** Says nothing about a box, or what every box has anyway. */
const IDLE = ['$schema', 'name', 'init', 'updateRemoteUserUID', 'overrideCommand', 'shutdownAction', 'waitFor']

const WHY: Readonly<Record<string, string>> = {
  appPort: 'paude forward brings ports of the box to this machine',
  initializeCommand: 'it would run on this machine',
  postAttachCommand: 'no editor attaches',
  remoteUser: 'the box runs as you',
  containerUser: 'the box runs as you',
  workspaceMount: 'the project is mounted at its own path',
  customizations: 'it is for editors',
}

/** Keys without effect here, with the reason where there is one. */
export function ignoredKeys(found: Devcontainer): readonly string[] {
  const keys = Object.keys(found).filter((key) => !TAKEN.includes(key) && !IDLE.includes(key))
  const ofBuild = Object.keys(found.build ?? {}).filter((key) => !TAKEN_OF_BUILD.includes(key))
  return [...keys.map((key) => (Object.hasOwn(WHY, key) ? `${key} (${WHY[key]})` : key)), ...ofBuild.map((key) => `build.${key}`)]
}
