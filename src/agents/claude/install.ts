import dockerfile from '../../../images/claude/Dockerfile' with { type: 'text' }
import thin from '../../../images/custom/Dockerfile' with { type: 'text' }
import type { Install } from '../../image/install.ts'

export const install: Install = {
  name: 'claude',
  title: 'Claude Code',
  version: '2.1.329',
  package: (arch, libc) =>
    arch === 'x64' || arch === 'arm64' ? `@anthropic-ai/claude-code-linux-${arch}${libc === 'musl' ? '-musl' : ''}` : null,
  program: 'claude',
  dockerfile,
  thin,
  libraries: 'libstdc++ libgcc',
  // Or in zsh, and in no other shell.
  needsBash: true,
}
