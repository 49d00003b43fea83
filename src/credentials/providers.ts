/** Settings below `[provider]` that say where a credential is. */
export const PROVIDER_KEYS = ['authToken', 'apiKey', 'oauthToken'] as const
export type Key = (typeof PROVIDER_KEYS)[number]

/** Where one secret of a provider is found, and how it travels. */
export type ProviderSecret = {
  readonly key: Key
  readonly variable: string
  readonly header: string
  /** Word before it in the header; '' for none. */
  readonly lead: string
  /** How such secrets begin: what is made up looks the same. */
  readonly shape: string
  /** How every such secret begins, of any kind and age; '' where nothing is known. */
  readonly begins: string
  /** What the box sees in its place: of the right shape, the same every time, worth nothing. */
  readonly placeholder: string
  /** Whether hints name this one. */
  readonly hinted?: true
}

export type Need = { readonly host: string; readonly why: string }

/** One row a provider. Every variable named here stays outside every box, holder and engine call. */
export type Provider = {
  /** Its name, for people. */
  readonly title: string
  /** By precedence: the first that is set counts. */
  readonly secrets: readonly [ProviderSecret, ...ProviderSecret[]]
  /** What says beside the secret whose it is, for a login that is of one account of several. */
  readonly account?: Pick<ProviderSecret, 'variable' | 'header' | 'placeholder'>
  /** Variable that says where the models are, and where they are without it; '' where that needs to be said first, as `lacks` tells. */
  readonly address: {
    readonly variable: string
    readonly usual: string
    readonly lacks?: Lacks
    /** What logs in again, where another program keeps the login. */
    readonly again?: string
    /** By which the box hears of it, and what is below it there; its own variable and nothing without that. */
    readonly told?: { readonly variable: string; readonly below: string }
  }
  /** Pattern of the paths of its API, below the prefix of its address and without a query: the credential goes nowhere else. */
  readonly api: string
  /** The same of what only programs of others ask; '' for nothing. */
  readonly others: string
  /** Further addresses that get the same credential, each with the paths of its own API. */
  readonly further: readonly Further[]
  /** Needed where the caller has no credential. */
  readonly login: readonly Need[]
  /** Variables that no program of this machine inherits, since they hold secrets or go with them. */
  readonly private: RegExp
  /** Whether programs of all kinds use its variables: only boxes whose agent has this provider are kept from them. */
  readonly common: boolean
  /** How a credential is best given, where that is no key. */
  readonly given?: string
  /** Other credentials of a caller that programs take there and the proxy cannot add. */
  readonly unfit?: { readonly variables: readonly string[]; readonly why: string }
}

/** What of an address has to be said, and how. */
export type Lacks = { readonly what: string; readonly ways: string }

export type Further = {
  readonly url: string
  readonly api: string
  /** All of its methods; GET and POST without them. */
  readonly methods?: readonly string[]
  /** Whether it is asked for at the address of the variable too; else there is nothing of it where the variable says one. */
  readonly follows?: true
}

export const providers = {
  anthropic: {
    title: 'Anthropic',
    secrets: [
      {
        key: 'authToken',
        variable: 'ANTHROPIC_AUTH_TOKEN',
        header: 'Authorization',
        lead: 'Bearer',
        shape: '',
        begins: '',
        placeholder: 'paude-placeholder-the-real-token-stays-outside-the-box',
      },
      {
        key: 'apiKey',
        variable: 'ANTHROPIC_API_KEY',
        header: 'X-Api-Key',
        lead: '',
        shape: 'sk-ant-api03-',
        begins: 'sk-ant-',
        placeholder: 'sk-ant-api03-paude-placeholder-the-real-key-stays-outside-the-box',
      },
      {
        key: 'oauthToken',
        variable: 'CLAUDE_CODE_OAUTH_TOKEN',
        header: 'Authorization',
        lead: 'Bearer',
        shape: 'sk-ant-oat01-',
        begins: 'sk-ant-',
        placeholder: 'sk-ant-oat01-paude-placeholder-the-real-token-stays-outside-the-box',
      },
    ],
    address: { variable: 'ANTHROPIC_BASE_URL', usual: 'https://api.anthropic.com' },
    api: '/v1/(messages(/count_tokens)?|models(/[A-Za-z0-9_-][A-Za-z0-9._-]*)?)',
    others: '',
    further: [],
    login: [{ host: 'platform.claude.com:443', why: 'login inside the sandbox' }],
    private: /^(ANTHROPIC_.*|CLAUDE_CODE_.*(TOKEN|KEY|SECRET|PASS|CREDENTIAL).*)$/,
    common: false,
  },
  openai: {
    title: 'OpenAI',
    secrets: [
      {
        key: 'apiKey',
        variable: 'CODEX_API_KEY',
        header: 'Authorization',
        lead: 'Bearer',
        shape: 'sk-proj-',
        begins: 'sk-',
        placeholder: 'sk-proj-paude-placeholder-the-real-key-stays-outside-the-box',
      },
      {
        key: 'apiKey',
        variable: 'OPENAI_API_KEY',
        header: 'Authorization',
        lead: 'Bearer',
        shape: 'sk-proj-',
        begins: 'sk-',
        placeholder: 'sk-proj-paude-placeholder-the-real-key-stays-outside-the-box',
      },
    ],
    address: { variable: 'OPENAI_BASE_URL', usual: 'https://api.openai.com/v1' },
    // Codex would send its key to chatgpt.com too, for a list of models; it goes nowhere but here.
    others: '/(chat/completions|completions|embeddings)',
    api: '/(responses(/compact)?|models|images/(generations|edits))',
    further: [],
    login: [],
    private: /^((OPENAI|CODEX)_.*(TOKEN|KEY|SECRET|PASS|CREDENTIAL).*|OPENAI_BASE_URL)$/,
    common: true,
  },
  google: {
    title: 'Google',
    secrets: [
      {
        key: 'apiKey',
        variable: 'GEMINI_API_KEY',
        header: 'X-Goog-Api-Key',
        lead: '',
        shape: 'AIza',
        begins: '',
        placeholder: 'AIza.paude.placeholder.the.real.key.stays.outside.the.box',
        hinted: true,
      },
      {
        key: 'apiKey',
        variable: 'GOOGLE_API_KEY',
        header: 'X-Goog-Api-Key',
        lead: '',
        shape: 'AIza',
        begins: '',
        placeholder: 'AIza.paude.placeholder.the.real.key.stays.outside.the.box',
      },
    ],
    address: { variable: 'GOOGLE_GEMINI_BASE_URL', usual: 'https://generativelanguage.googleapis.com' },
    // Not its files, tuned models, caches and batches.
    api: '/v1(alpha|beta)?/models(/[A-Za-z0-9_-][A-Za-z0-9._-]*(:(generateContent|streamGenerateContent|countTokens|embedContent|batchEmbedContents))?)?',
    others: '',
    further: [],
    login: [],
    private: /^((GEMINI|GOOGLE_GEMINI)_.*(TOKEN|KEY|SECRET|PASS|CREDENTIAL).*|GOOGLE_API_KEY|GOOGLE_GEMINI_BASE_URL)$/,
    common: true,
  },
} as const satisfies Readonly<Record<string, Provider>>

export type ProviderName = keyof typeof providers
export const providerNames = Object.keys(providers) as readonly ProviderName[]

/** The one of the usual agent: what made-up servers speak, and what the oldest records mean. */
export const usualProvider = providers.anthropic

/** What hints name first: a plain key where the provider has one, by the name that most programs know. */
export const plainKey = ({ secrets }: Provider): ProviderSecret =>
  secrets.find(({ hinted }) => hinted === true) ?? secrets.findLast(({ key }) => key === 'apiKey') ?? secrets[0]

/** What a made-up provider is given. */
export const API_KEY = plainKey(usualProvider)

/** Whose credential a value looks like, where it is another provider's; null for one that may be this provider's. */
export const strangerTo = (provider: Provider, value: string): Provider | null =>
  looksLikeOneOf(provider, value) ? null : (Object.values<Provider>(providers).find((row) => looksLikeOneOf(row, value)) ?? null)

const looksLikeOneOf = ({ secrets }: Provider, value: string): boolean =>
  secrets.some(({ shape }) => shape !== '' && value.startsWith(shape))

/** Variables that hold a credential of a provider. */
export const variablesOf = ({ secrets, account }: Pick<Provider, 'secrets' | 'account'>): readonly string[] =>
  [...secrets, ...(account === undefined ? [] : [account])].map(({ variable }) => variable)
