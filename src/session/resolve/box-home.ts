import { join } from 'node:path'
import type { Host } from '../../host.ts'

/** Where HOME lies in the box: the host's own path, so that paths kept in it go on meaning the same. */
export const boxHome = ({ home }: Host): string =>
  /^\/[^:\n,]+$/.test(home) && home !== '/' && !BOX_TREES.test(join(home)) ? join(home) : '/home/agent'

/** Where no volume can be: some services have /dev/null for a HOME. */
const BOX_TREES = /^\/(proc|sys|dev|paude)(\/|$)/
