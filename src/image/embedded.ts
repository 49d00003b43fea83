import claude from '../../images/claude/Dockerfile' with { type: 'text' }
import custom from '../../images/custom/Dockerfile' with { type: 'text' }

export type ImageName = 'claude' | 'custom' | 'proxy'

/** Build contexts: path within the context → content. One row for every file of images/ and squid/. */
export const contexts: Readonly<Record<ImageName, Readonly<Record<string, string>>>> = {
  claude: { Dockerfile: claude },
  custom: { Dockerfile: custom },
  proxy: {},
}
