import { findGroup } from '../network/groups.ts'
import { literalPattern } from '../network/pattern.ts'

/** Where a credential of a kind goes: one place a host and form. */
export type KindPlace = {
  readonly host: string
  readonly methods: readonly string[]
  /** Pattern of its paths, without a query unless that counts. */
  readonly api: string
  /** Pattern of decoded paths that give out tokens or rights, and so are left out of `api`. */
  readonly never?: string
  readonly form: Form
}

/** How a credential stands in a request: alone or behind a word in a header, as the password of a basic login, or in the query. */
export type Form =
  | { readonly kind: 'header'; readonly header: string; readonly lead: string }
  | { readonly kind: 'basic'; readonly user: string }
  | { readonly kind: 'query'; readonly name: string }

/** What of a credential says where one of its kind goes. */
export type Narrowed = {
  readonly access: 'read' | 'write'
  /** `owner/name` of repositories; none for all. */
  readonly repos: readonly string[]
  readonly paths: readonly string[]
  /** Name of a basic login; '' for that of the kind. */
  readonly basic: string
}

export type Kind = {
  /** Its name, for people. */
  readonly title: string
  /** Its host where none is written; '' where one must be. */
  readonly host: () => string
  /** Whether `repos` narrows it, or `paths`. */
  readonly narrows: 'repos' | 'paths'
  /** Whether a basic login of it needs a name of yours. */
  readonly needsUser: boolean
  /** How such a secret begins: what is made up looks the same. */
  readonly shape: string
  readonly places: (credential: Narrowed, host: string) => readonly KindPlace[]
  /** Variables by which its programs are told of the placeholder, and of another host. */
  readonly variables: (placeholder: string, host: string) => Readonly<Record<string, string>>
  /** Remotes of git that mean the same repository by SSH, each as the beginning of an address. */
  readonly remotes: (host: string) => readonly string[]
}

const READS = ['GET', 'HEAD'] as const
/** No kind deletes: what is deleted is gone. */
const WRITES = [...READS, 'POST', 'PUT', 'PATCH'] as const

const bearer: Form = { kind: 'header', header: 'Authorization', lead: 'Bearer' }
const basic = (user: string): Form => ({ kind: 'basic', user })

const methodsOf = ({ access }: Narrowed): readonly string[] => (access === 'read' ? READS : WRITES)

/** The paths of a kind that `paths` narrows. */
const pathsOf = ({ paths }: Narrowed, usual: string): string => (paths.length === 0 ? usual : paths.map(pathPattern).join('|'))

const EVERYTHING = '/[^?]*'

/** A host whose paths tell nothing apart: all of them, or those that `paths` names. */
const anywhere = (credential: Narrowed, host: string) => ({
  host,
  methods: methodsOf(credential),
  api: pathsOf(credential, EVERYTHING),
})

/** A part of a path that is a name. */
const NAME = '[^/?]+'

/** `owner/name` of each repository as patterns; any of so many parts where none is named. */
const reposOf = ({ repos }: Narrowed, any: string): string =>
  repos.length === 0 ? any : `(${repos.map(literalPattern).join('|')})`

/** git over https: what is asked for first says in its query what follows. */
function git(credential: Narrowed, host: string, { user, any }: { readonly user: string; readonly any: string }): KindPlace {
  const services = credential.access === 'read' ? 'git-upload-pack' : 'git-(upload|receive)-pack'
  const large = credential.access === 'read' ? '' : '|info/lfs/[^?]*'
  return {
    host,
    methods: [...READS, 'POST', ...(credential.access === 'read' ? [] : ['PUT'])],
    api: `/${reposOf(credential, any)}(\\.git)?/(info/refs\\?service=${services}|${services}${large})`,
    form: basic(user),
  }
}

/** What follows a word that is a whole part of a path. */
const END = '([^A-Za-z0-9_-]|$)'

/** Where GitHub's API, below `base`, gives out tokens, and where it gives the rights to a repository to somebody else. */
const githubNever = (base: string): string => {
  const owners = `(repos/${NAME}/${NAME}|user|(repositories|orgs|organizations|enterprises|users|teams)/${NAME}(/teams?/${NAME})?)`
  const rights = 'keys|gpg_keys|ssh_signing_keys|hooks|collaborators|outside_collaborators|invitations|memberships|transfer'
  const tokens = 'runners|runner-groups|personal-access-token[^/?]*'
  return `^${base}/(${owners}/(actions/)?(${rights}|${tokens})|app/installations|applications|copilot_internal)${END}`
}

/**
 * The same of GitLab. How many parts the name of a project has is not known, so a word counts at the end, and before a number or what
 * is done with one of its kind: in the name of a file it mostly stands elsewhere.
 */
const GITLAB_NEVER = ((): string => {
  const rights = 'deploy_keys|keys|gpg_keys|hooks|members|invitations|share|transfer|remote_mirrors'
  const tokens = '((personal_)?access_|impersonation_|deploy_)?tokens|runners|triggers'
  const tail = '([^A-Za-z0-9_/-][^?]*|/(([^A-Za-z/?]|self|reset_|verify)[^?]*)?)?'
  return `^/api/v4/([^?]*/)?(${rights}|${tokens})${tail}([?]|$)`
})()

const remotesOf = (host: string): readonly string[] => [`git@${host}:`, `ssh://git@${host}/`]

const REGISTRY = { host: () => '', narrows: 'paths', needsUser: false, shape: '', remotes: () => [] } as const

export const kinds = {
  github: {
    title: 'GitHub',
    host: () => 'github.com',
    narrows: 'repos',
    needsUser: false,
    shape: 'ghp_',
    places: (credential, host) => {
      const repo = reposOf(credential, `${NAME}/${NAME}`)
      const own = host !== 'github.com'
      const [api, uploads, base] = own ? [host, host, '/api/v3'] : [`api.${host}`, `uploads.${host}`, '']
      const all = own ? '/api/(v3|graphql)(/[^?]*)?' : EVERYTHING
      const some = `${base}/repos/${repo}(/[^?]*)?`
      return [
        git(credential, host, { user: 'x-access-token', any: `${NAME}/${NAME}` }),
        {
          host: api,
          methods: methodsOf(credential),
          api: credential.repos.length === 0 ? all : some,
          never: githubNever(base),
          form: bearer,
        },
        ...(credential.access === 'read'
          ? []
          : [
              {
                host: uploads,
                methods: ['POST'],
                api: `${own ? '/api/uploads' : ''}/repos/${repo}/releases/${NAME}/assets`,
                form: bearer,
              },
            ]),
      ]
    },
    variables: (placeholder, host): Record<string, string> =>
      host === 'github.com'
        ? { GH_TOKEN: placeholder, GITHUB_TOKEN: placeholder }
        : { GH_HOST: host, GH_ENTERPRISE_TOKEN: placeholder },
    remotes: remotesOf,
  },
  gitlab: {
    title: 'GitLab',
    host: () => 'gitlab.com',
    narrows: 'repos',
    needsUser: false,
    shape: 'glpat-',
    places: (credential, host) => [
      git(credential, host, { user: 'oauth2', any: `${NAME}(/${NAME})+` }),
      {
        host,
        methods: methodsOf(credential),
        // Squid matches the decoded path, so a slash stands for what the API wants encoded.
        api:
          credential.repos.length === 0 ? '/api/(v4|graphql)(/[^?]*)?' : `/api/v4/projects/${reposOf(credential, '')}(/[^?]*)?`,
        never: GITLAB_NEVER,
        form: bearer,
      },
    ],
    variables: (placeholder, host): Record<string, string> => ({
      GITLAB_TOKEN: placeholder,
      ...(host === 'gitlab.com' ? {} : { GITLAB_HOST: host }),
    }),
    remotes: remotesOf,
  },
  npm: {
    ...REGISTRY,
    title: 'npm',
    shape: 'npm_',
    places: (credential, host) => [{ ...anywhere(credential, host), never: `/-/npm/v1/tokens${END}`, form: bearer }],
    variables: (placeholder) => ({ NPM_TOKEN: placeholder, NODE_AUTH_TOKEN: placeholder }),
  },
  pypi: {
    ...REGISTRY,
    title: 'Python packages',
    shape: 'pypi-',
    places: (credential, host) => [{ ...anywhere(credential, host), form: basic(credential.basic || '__token__') }],
    variables: (placeholder) => ({ TWINE_USERNAME: '__token__', TWINE_PASSWORD: placeholder, UV_PUBLISH_TOKEN: placeholder }),
  },
  cargo: {
    ...REGISTRY,
    title: 'Rust packages',
    shape: '',
    places: (credential, host) => [
      { ...anywhere(credential, host), form: { kind: 'header', header: 'Authorization', lead: '' } },
    ],
    variables: (placeholder) => ({ CARGO_REGISTRY_TOKEN: placeholder }),
  },
  'docker-registry': {
    ...REGISTRY,
    title: 'container images',
    needsUser: true,
    places: (credential, host) => [
      {
        host,
        methods: methodsOf(credential),
        // A service that gives out tokens is not told reading from writing.
        api: pathsOf(credential, credential.access === 'read' ? '/v2(/[^?]*)?' : '/v2(/[^?]*)?|/(service/)?token|/jwt/auth'),
        form: basic(credential.basic),
      },
    ],
    variables: () => ({}),
  },
  huggingface: {
    ...REGISTRY,
    title: 'Hugging Face',
    host: () => findGroup('huggingface').hosts[0]?.host ?? '',
    shape: 'hf_',
    places: (credential, host) => [{ ...anywhere(credential, host), form: bearer }],
    variables: (placeholder) => ({ HF_TOKEN: placeholder }),
  },
} as const satisfies Readonly<Record<string, Kind>>

export type KindName = keyof typeof kinds

export const kindNames = Object.keys(kinds) as readonly KindName[]

export const isKind = (name: string): name is KindName => Object.hasOwn(kinds, name)

/** `/api/**` for everything below `/api`, `*` for one part of a path; what else stands there stands for itself. */
export const pathPattern = (path: string): string =>
  path
    .replace(/\/\*\*$/, '\0')
    .split(/(\*\*|\*|\0)/)
    .map((part) => (part === '**' ? '[^?]*' : part === '*' ? '[^/?]*' : part === '\0' ? '(/[^?]*)?' : literalPattern(part)))
    .join('')
