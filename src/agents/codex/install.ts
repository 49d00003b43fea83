import dockerfile from '../../../images/codex/Dockerfile' with { type: 'text' }
import thin from '../../../images/codex-custom/Dockerfile' with { type: 'text' }
import type { Install } from '../../image/install.ts'

/** Static binaries, so one for every libc. */
const TARGETS: Readonly<Record<string, string>> = { x64: 'x86_64-unknown-linux-musl', arm64: 'aarch64-unknown-linux-musl' }

export const install: Install = {
  name: 'codex',
  title: 'Codex CLI',
  version: '0.171.0',
  release: (arch) => {
    const target = TARGETS[arch]
    if (target === undefined) return null
    const programs = `vendor/${target}/bin`
    return {
      package: '@openai/codex',
      suffix: `-linux-${arch}`,
      program: `${programs}/codex`,
      // Its newer models call all tools by this program.
      also: { 'download-code-mode-host': `${programs}/codex-code-mode-host` },
    }
  },
  says: (version) => `codex-cli ${version}`,
  asked: ['--version', '-V'],
  dockerfile,
  thin,
  files: {},
  libraries: '',
  needsBash: false,
}
