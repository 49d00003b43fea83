import dockerfile from '../../../images/gemini/Dockerfile' with { type: 'text' }
import program from '../../../images/gemini/gemini' with { type: 'text' }
import thin from '../../../images/gemini-custom/Dockerfile' with { type: 'text' }
import type { Install } from '../../image/install.ts'
import { systemSettings } from './settings.ts'

/** What Gemini runs on: an image may have none, or an older one. There is one for glibc alone. */
const NODE = '24.22.1'

export const install: Install = {
  name: 'gemini',
  title: 'Gemini CLI',
  version: '0.61.0',
  release: (arch, libc) =>
    (arch === 'x64' || arch === 'arm64') && libc === 'glibc'
      ? {
          package: '@google/gemini-cli',
          program: 'bundle/gemini.js',
          tree: {
            folders: ['@google/gemini-cli', '@lydell', `node-linux-${arch}/bin/node`],
            packages: [`node-linux-${arch}@${NODE}`],
          },
        }
      : null,
  says: (version) => version,
  asked: ['--version', '-v'],
  dockerfile,
  thin,
  files: { gemini: program, 'settings.json': systemSettings },
  libraries: 'libstdc++6',
  needsBash: true,
}
