import base from '../../images/recipe/Dockerfile' with { type: 'text' }
import type { Install } from '../image/install.ts'
import { aptLine } from '../image/tools.ts'
import type { Recipe } from './recipe.ts'

type Added = Pick<Recipe, 'version' | 'install'> & {
  readonly name: string
  readonly title: string
  /** Name in PATH. */
  readonly program: string
}

/** What is added to the image that all agents share, as data says it. The build has the network of the engine, and nothing of yours. */
export function addedInstall({ name, title, program, version, install }: Added): Install {
  const { npm, script } = install
  const one = install.program
  return {
    name,
    title,
    version,
    release:
      one === ''
        ? null
        : (arch, libc) =>
            arch === 'x64' || arch === 'arm64'
              ? {
                  package: npm.replaceAll('{arch}', arch).replaceAll('{musl}', libc === 'musl' ? '-musl' : ''),
                  program: one,
                }
              : null,
    says: (release) => release,
    asked: [],
    dockerfile: `${base}${steps({ program, version, install, name })}ENV LANG=C.UTF-8\nENTRYPOINT ["/usr/bin/tini", "--"]\nCMD ["${program}"]\n`,
    thin: `ARG BASE\nFROM \${BASE}\n${steps({ program, version, install, name })}`,
    files: script === '' ? {} : { 'install-agent': `#!/bin/sh\nset -eu\n${script.replace(/\n*$/, '\n')}` },
    libraries: '',
    needsBash: false,
  }
}

/** Plain instructions only, since docker's legacy builder must manage. */
function steps({ name, program, version, install }: Omit<Added, 'title'>): string {
  const { apt, npm, pip, script } = install
  const lines = [
    ...(version === '' ? [] : ['ARG AGENT_VERSION']),
    ...(apt.length > 0 ? [`RUN ${aptLine(apt)}`] : []),
    ...(install.program !== '' ? [`COPY download /usr/local/bin/${program}`] : npm === '' ? [] : npmLines(npm)),
    ...(pip === '' ? [] : pipLines(pip, { name, program })),
    ...(script === ''
      ? []
      : [
          'COPY install-agent /usr/local/lib/paude/install-agent',
          `RUN ${TRUSTS}${version === '' ? '' : 'AGENT_VERSION="$AGENT_VERSION" '}/usr/local/lib/paude/install-agent`,
        ]),
    // What is not there, or does not run here, ends the build instead of the first session.
    `RUN command -v ${program}`,
  ]
  return `${lines.join('\n')}\n`
}

/** The clients read their own variables, and know nothing of a CA of the distribution. */
const TRUSTS =
  'for file in /etc/ssl/certs/ca-certificates.crt; do [ ! -e "$file" ] || export NODE_EXTRA_CA_CERTS="$file" PIP_CERT="$file" SSL_CERT_FILE="$file"; done && '

const npmLines = (name: string): readonly string[] => [
  `RUN command -v npm || { ${aptLine(['ca-certificates', 'nodejs', 'npm'])}; }`,
  `RUN ${TRUSTS}npm install --global --no-audit --no-fund --no-update-notifier "${name}@$AGENT_VERSION" && rm -rf /root/.npm`,
]

const pipLines = (name: string, { name: folder, program }: Pick<Added, 'name' | 'program'>): readonly string[] => [
  `RUN python3 -c 'import ensurepip, venv' || { ${aptLine(['ca-certificates', 'python3', 'python3-venv'])}; }`,
  `RUN ${TRUSTS}python3 -m venv /opt/${folder} && /opt/${folder}/bin/pip install --no-cache-dir --disable-pip-version-check "${name}==$AGENT_VERSION" && ln -s /opt/${folder}/bin/${program} /usr/local/bin/${program}`,
]
