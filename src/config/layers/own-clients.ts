import { PaudeError } from '../../errors.ts'
import type { Host } from '../../host.ts'
import type { Layer, Settings } from '../keys/settings.ts'
import { configFile, loadConfig, readUserFile } from './load.ts'
import { readManagedFile } from './managed.ts'

/**
 * Clients of engines that your configuration names, by key. It is read as a whole only where it may name one; what is wrong in it is told by
 * whoever needs it.
 */
export async function ownClients(host: Host, flags: Layer): Promise<Pick<Settings, 'dockerProgram' | 'podmanProgram'> | null> {
  try {
    const texts = [readUserFile(configFile(host)), readManagedFile(host.managedFile)].map((written) => written?.text ?? '')
    if (!texts.some((text) => NAMES.test(text))) return null
    return (await loadConfig(host, flags)).settings
  } catch (error) {
    if (error instanceof PaudeError) return null
    throw error
  }
}

/** However the key is written. */
const NAMES = /(docker|podman)[\s\S]*\bprogram\b/
