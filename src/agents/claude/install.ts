import dockerfile from '../../../images/claude/Dockerfile' with { type: 'text' }
import thin from '../../../images/custom/Dockerfile' with { type: 'text' }
import type { Install } from '../../image/install.ts'

export const install: Install = {
  name: 'claude',
  title: 'Claude Code',
  version: '2.1.329',
  release: (arch, libc) =>
    arch === 'x64' || arch === 'arm64'
      ? { package: `@anthropic-ai/claude-code-linux-${arch}${libc === 'musl' ? '-musl' : ''}`, program: 'claude' }
      : null,
  says: (version) => `${version} (Claude Code)`,
  asked: ['--version', '-v'],
  dockerfile,
  thin,
  files: {},
  libraries: 'libstdc++ libgcc',
  // Or in zsh, and in no other shell.
  needsBash: true,
}
