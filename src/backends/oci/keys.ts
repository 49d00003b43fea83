import { extraFlagFault } from '../../box/extra-flags.ts'
import { PaudeError } from '../../errors.ts'
import { row } from '../../key.ts'

const extraFlags = (engine: string) =>
  row({
    key: `${engine}.extra_flags`,
    meaning: `Further flags for ${engine}, harmless ones only`,
    initial: [] as readonly string[],
    schema: (v) => v.array(v.string()),
    rule: 'adds',
    lines: true,
    read: requireHarmless,
  })

function requireHarmless(flag: string): void {
  const fault = extraFlagFault(flag)
  if (fault !== null) throw new PaudeError('refused', fault)
}

/** The client that is called. No flag: which one this machine has does not change from start to start. */
const program = (engine: string) =>
  row({
    key: `${engine}.program`,
    meaning: `Client that paude calls for ${engine}: an absolute path, or a name in PATH`,
    initial: '',
    unset: `${engine} in PATH`,
    schema: (v) =>
      v.pipe(
        v.string(),
        v.regex(/^(\/[^\n]+|[A-Za-z0-9][\w.+-]*)$/, 'must be an absolute path, or the name of a program in PATH'),
      ),
    rule: 'differs',
    onHost: true,
    withoutBox: 'free',
    notIn: { project: 'write it into your own config.toml: it is a program that runs on this machine' },
  })

/** `[docker]` and `[podman]`. */
export const ociKeys = {
  dockerFlags: extraFlags('docker'),
  dockerProgram: program('docker'),
  podmanFlags: extraFlags('podman'),
  podmanProgram: program('podman'),
}
