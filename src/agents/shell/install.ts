import { addedInstall } from '../added-install.ts'
import { NO_INSTALL } from '../recipe.ts'

/** The image of every agent without the agent. */
export const install = addedInstall({
  name: 'shell',
  title: 'the tools of a shell',
  program: 'sh',
  version: '',
  install: NO_INSTALL,
})
