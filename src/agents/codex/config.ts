/** What Codex's system file says; your own `~/.codex/config.toml` in the box and `-c` come before it. */
export const configText = ({ address, directory, told }: Told): string => `\
# Written by paude for every start.
# The sandbox is paude's: Codex's own needs rights that no program has here.
sandbox_mode = "danger-full-access"
check_for_update_on_startup = false
developer_instructions = ${toml(told)}
# A provider of its own speaks plain HTTPS: the proxy adds the credential to requests, and a WebSocket has only one.
model_provider = "${PROVIDER}"

[model_providers.${PROVIDER}]
name = "OpenAI"
base_url = ${toml(address)}
env_key = "${KEY}"
wire_api = "responses"

[projects.${toml(directory)}]
trust_level = "trusted"

# Nothing but the model is contacted, so that nothing but the model need be allowed.
[analytics]
enabled = false

[features]
plugins = false
api_key_model_discovery = false
# A server in the background would outlive its terminal, and end with the sandbox.
daemon_auto_start = false
`

type Told = {
  /** Where the models are. */
  readonly address: string
  readonly directory: string
  /** What the model is told of the box. */
  readonly told: string
}

const PROVIDER = 'paude'

/** Variable that the box has a placeholder in, whatever yours is called. */
export const KEY = 'OPENAI_API_KEY'

/** JSON escapes all that a basic string of TOML must, but DEL. */
const toml = (text: string): string => JSON.stringify(text.toWellFormed()).replaceAll('\x7f', '\\u007F')
