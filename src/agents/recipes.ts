import type { RecipeName } from './names.ts'
import { NO_INSTALL, type Recipe } from './recipe.ts'

/** Agents that come with paude as data. `[agents.NAME]` can say other values of each key. */
export const recipes: Readonly<Record<RecipeName, Omit<Recipe, 'name'>>> = {
  aider: {
    command: ['aider'],
    // aider runs with Python 3.12 at most: uv takes that of the image, or fetches one.
    install: {
      ...NO_INSTALL,
      apt: ['python3-venv'],
      script: `\
python3 -m venv /opt/uv
/opt/uv/bin/pip install --no-cache-dir uv
export UV_TOOL_DIR=/opt/aider UV_TOOL_BIN_DIR=/usr/local/bin UV_PYTHON_INSTALL_DIR=/opt/python UV_LINK_MODE=copy
/opt/uv/bin/uv tool install --no-cache --python ">=3.10,<3.13" "aider-chat==$AGENT_VERSION"
rm -rf /opt/uv
`,
    },
    version: '0.86.2',
    provider: 'anthropic',
    env: {
      AIDER_ANALYTICS: 'false',
      AIDER_CHECK_UPDATE: 'false',
      AIDER_SHOW_RELEASE_NOTES: 'false',
      ANTHROPIC_API_BASE: '{address}',
    },
    hosts: [],
    configFiles: {},
    resume: ['--restore-chat-history'],
    interactive: true,
    prints: ['-m', '--message', '--msg', '-f', '--message-file'],
    state: 'none',
    args: [],
  },
  opencode: {
    command: ['opencode'],
    install: { ...NO_INSTALL, npm: 'opencode-linux-{arch}{musl}', program: 'bin/opencode' },
    version: '1.18.33',
    provider: 'anthropic',
    env: { OPENCODE_CONFIG: '/etc/opencode/paude.json', OPENCODE_DISABLE_MODELS_FETCH: '1', OPENCODE_DISABLE_LSP_DOWNLOAD: '1' },
    hosts: [],
    configFiles: {
      '/etc/opencode/paude.json':
        '{"$schema": "https://opencode.ai/config.json", "autoupdate": false, "share": "disabled", "provider": {"{provider}": {"options": {"baseURL": "{api}"}}}}\n',
    },
    resume: ['--continue'],
    interactive: true,
    prints: ['run'],
    state: 'none',
    args: [],
  },
  'amazon-q': {
    command: ['q', 'chat'],
    install: {
      ...NO_INSTALL,
      apt: ['unzip'],
      script: `\
cd "$(mktemp -d)"
curl --proto =https --fail --silent --show-error --location --output q.zip "https://desktop-release.q.us-east-1.amazonaws.com/latest/q-$(uname -m)-linux.zip"
unzip -q q.zip
install -m 0755 q/bin/* /usr/local/bin/
rm -rf "$PWD"
`,
    },
    version: '',
    provider: 'none',
    env: {},
    hosts: ['q.us-east-1.amazonaws.com', 'codewhisperer.us-east-1.amazonaws.com', 'oidc.us-east-1.amazonaws.com'],
    configFiles: {},
    resume: ['--resume'],
    interactive: true,
    prints: ['--no-interactive'],
    state: 'none',
    args: [],
  },
  goose: {
    command: ['goose'],
    install: {
      ...NO_INSTALL,
      apt: ['bzip2', 'libdbus-1-3', 'libxcb1'],
      script: `\
export GOOSE_BIN_DIR=/usr/local/bin CONFIGURE=false
curl --proto =https --fail --silent --show-error --location https://github.com/block/goose/releases/download/stable/download_cli.sh | bash
`,
    },
    version: '',
    provider: 'anthropic',
    env: { GOOSE_PROVIDER: '{provider}', GOOSE_DISABLE_KEYRING: '1', ANTHROPIC_HOST: '{address}', OPENAI_HOST: '{address}' },
    hosts: [],
    configFiles: {},
    resume: ['session', '--resume'],
    interactive: true,
    prints: ['run'],
    state: 'none',
    args: [],
  },
  'cursor-agent': {
    command: ['cursor-agent'],
    install: {
      ...NO_INSTALL,
      script: `\
export HOME=/opt/cursor-agent
mkdir -p "$HOME"
curl --proto =https --fail --silent --show-error --location https://cursor.com/install | bash
ln -s "$HOME/.local/bin/cursor-agent" /usr/local/bin/cursor-agent
`,
    },
    version: '',
    provider: 'none',
    env: { NO_OPEN_BROWSER: '1' },
    hosts: ['*.cursor.sh', 'cursor.com'],
    configFiles: {},
    resume: ['resume'],
    interactive: true,
    prints: ['-p', '--print'],
    state: 'none',
    args: [],
  },
}
