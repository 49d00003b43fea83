// Above each group stands the document that its hosts come from; "unconfirmed" is what none of them says. GitHub's list is "Copilot
// allowlist reference" at docs.github.com, Dependabot's the default egress allowlist of dependabot/proxy.

const GOOGLE_REGIONS = [
  ...['us-central1', 'us-east1', 'us-east4', 'us-east5', 'us-south1', 'us-west1', 'us-west4'],
  ...['northamerica-northeast1', 'southamerica-east1', 'europe-central2', 'europe-north1', 'europe-southwest1'],
  ...['europe-west1', 'europe-west2', 'europe-west3', 'europe-west4', 'europe-west6', 'europe-west8', 'europe-west9'],
  ...['asia-east1', 'asia-east2', 'asia-northeast1', 'asia-northeast3', 'asia-south1', 'asia-southeast1'],
  ...['australia-southeast1', 'me-west1'],
]
const AMAZON_REGIONS = [
  ...['us-east-1', 'us-east-2', 'us-west-1', 'us-west-2', 'ca-central-1', 'ca-west-1', 'sa-east-1', 'af-south-1'],
  ...['eu-central-1', 'eu-central-2', 'eu-north-1', 'eu-south-1', 'eu-south-2', 'eu-west-1', 'eu-west-2', 'eu-west-3'],
  ...['ap-east-2', 'ap-northeast-1', 'ap-northeast-2', 'ap-northeast-3', 'ap-south-1', 'ap-south-2'],
  ...['ap-southeast-1', 'ap-southeast-2', 'ap-southeast-3', 'ap-southeast-4'],
  ...['ap-southeast-5', 'ap-southeast-6', 'ap-southeast-7'],
]

/** The name that a wildcard leaves out. */
const apex = (wildcard: string): string => wildcard.slice(2)

/** A host that takes in what anybody with an account of their own sends. */
const open = (why: string): string => `${why} (a way out: anyone with an account there can receive data)`

type Entry = { readonly what: string; readonly hosts: Readonly<Record<string, string>> }

/** A wildcard stands only where every host below it is the tool's own and they change or are many. None is on by default. */
export const GROUP_HOSTS: Readonly<Record<string, Entry>> = {
  // code.claude.com: "Enterprise network configuration".
  anthropic: {
    what: 'Anthropic models',
    hosts: {
      'api.anthropic.com': open('messages'),
      'platform.claude.com': 'login with a console account',
      'claude.ai': 'login with a subscription',
      'downloads.claude.ai': 'Claude Code plugins and updates',
    },
  },
  // developers.openai.com: "Authentication" of Codex; openai/codex, its login.
  openai: {
    what: 'OpenAI models',
    hosts: {
      'api.openai.com': open('models'),
      'auth.openai.com': 'login with a subscription',
      'chatgpt.com': open('models with a subscription'),
    },
  },
  // google-gemini/gemini-cli, code_assist. Its login page is opened by the user's own browser; who logged in is asked elsewhere,
  // which may fail.
  'google-ai': {
    what: 'Gemini',
    hosts: {
      'generativelanguage.googleapis.com': open('models, with an API key'),
      'cloudcode-pa.googleapis.com': 'models, with a login',
      'oauth2.googleapis.com': 'login tokens',
    },
  },
  // cloud.google.com: "Generative AI on Vertex AI locations"; firebase.google.com: "Specify a location", the regions;
  // anthropics/anthropic-sdk-ruby: the multi-regions. The hosts of tokens as Google's auth libraries have them.
  vertex: {
    what: 'models on Google Cloud',
    hosts: {
      'aiplatform.googleapis.com': 'models, global endpoint',
      'aiplatform.us.rep.googleapis.com': 'models, somewhere in the United States',
      'aiplatform.eu.rep.googleapis.com': 'models, somewhere in the European Union',
      ...Object.fromEntries(GOOGLE_REGIONS.map((region) => [`${region}-aiplatform.googleapis.com`, `models in ${region}`])),
      'oauth2.googleapis.com': 'service account tokens',
      'sts.googleapis.com': 'federated identity tokens',
      'iamcredentials.googleapis.com': 'service account tokens for it',
    },
  },
  // docs.aws.amazon.com: "Amazon Bedrock endpoints and quotas", "Regional availability by endpoints", "AWS STS Regional
  // endpoints".
  bedrock: {
    what: 'models on Amazon Bedrock',
    hosts: {
      ...Object.fromEntries(AMAZON_REGIONS.map((region) => [`bedrock-runtime.${region}.amazonaws.com`, `models in ${region}`])),
      ...Object.fromEntries(AMAZON_REGIONS.map((region) => [`sts.${region}.amazonaws.com`, `tokens of a role in ${region}`])),
    },
  },
  // Unconfirmed: hosts as clients write them. Every customer's resource has a name of its own below both.
  'azure-openai': {
    what: 'models on Azure (narrower: allow only the host of your own resource)',
    hosts: {
      '*.openai.azure.com': open('models, one host per resource'),
      '*.services.ai.azure.com': open('models, one host per project'),
      'login.microsoftonline.com': 'identity tokens',
    },
  },
  // GitHub's list; "Self-hosted runners reference" there.
  github: {
    what: 'GitHub: git, API, releases',
    hosts: {
      'github.com': open('git and pages'),
      'api.github.com': open('the API, gh'),
      'codeload.github.com': 'commit archives',
      'uploads.github.com': open('release files'),
      '*.githubusercontent.com': 'raw files, releases, large files',
      'lfs.github.com': open('large files, addresses for pull and push'),
      'github-cloud.s3.amazonaws.com': open('large files, pushed'),
    },
  },
  // docs.gitlab.com: "GitLab.com settings". Whether large files need one more host: unconfirmed.
  gitlab: {
    what: 'GitLab: git, API, packages, images',
    hosts: {
      'gitlab.com': open('git, API and packages'),
      'registry.gitlab.com': open('images'),
      'cdn.registry.gitlab-static.net': 'image layers',
    },
  },
  // GitHub's and Dependabot's lists.
  npm: {
    what: 'Node packages: npm, pnpm, yarn, bun',
    hosts: { '*.npmjs.org': open('packages'), '*.yarnpkg.com': 'packages for yarn, and yarn itself' },
  },
  // GitHub's list. Uploads go to another host.
  pypi: {
    what: 'Python packages: pip, uv, poetry',
    hosts: { [apex('*.pypi.org')]: 'the index', '*.pythonhosted.org': 'the files' },
  },
  // GitHub's and Dependabot's lists.
  crates: {
    what: 'Rust packages: cargo',
    hosts: { '*.crates.io': 'index and files', [apex('*.crates.io')]: open('search and publish') },
  },
  // GitHub's list. The domain's playground keeps what it is given.
  rust: {
    what: 'Rust toolchains: rustup',
    hosts: { [apex('*.static.rust-lang.org')]: 'toolchains and manifests', 'sh.rustup.rs': 'the installer' },
  },
  // GitHub's and Dependabot's lists. The domain's playground keeps what it is given.
  go: {
    what: 'Go modules (many archives also need @go-storage)',
    hosts: {
      [apex('*.proxy.golang.org')]: 'modules',
      [apex('*.sum.golang.org')]: 'checksums',
    },
  },
  // GitHub's and Dependabot's lists; github/gh-aw, pull request 15953.
  'go-storage': {
    what: 'archives of Go modules and toolchains',
    hosts: { 'storage.googleapis.com': open('archives, on a host that also has the buckets of others') },
  },
  // GitHub's and Dependabot's lists. The wrapper is sent on to a release at GitHub: yschimke/compose-ai-tools, pull request 2409.
  maven: {
    what: 'Java packages: maven, gradle (the gradle wrapper needs @github)',
    hosts: {
      '*.maven.org': 'packages',
      '*.maven.apache.org': 'packages',
      [apex('*.plugins.gradle.org')]: 'gradle plugins',
      [apex('*.plugins-artifacts.gradle.org')]: 'plugin files',
      [apex('*.services.gradle.org')]: 'index of gradle distributions',
      [apex('*.downloads.gradle.org')]: 'gradle distributions',
    },
  },
  // GitHub's and Dependabot's lists.
  rubygems: {
    what: 'Ruby packages: gem, bundler',
    hosts: { [apex('*.rubygems.org')]: open('packages'), '*.rubygems.org': 'the index' },
  },
  // GitHub's list. The domain has a forge as well.
  debian: {
    what: 'Debian packages: apt',
    hosts: { [apex('*.deb.debian.org')]: 'packages', [apex('*.security.debian.org')]: 'security updates' },
  },
  // GitHub's list; mirrors by country and ports: unconfirmed. The domain has a pastebin as well.
  ubuntu: {
    what: 'Ubuntu packages: apt',
    hosts: {
      [apex('*.archive.ubuntu.com')]: 'packages',
      '*.archive.ubuntu.com': 'packages, country mirrors',
      [apex('*.security.ubuntu.com')]: 'security updates',
      [apex('*.ports.ubuntu.com')]: 'packages for ARM',
    },
  },
  // GitHub's list. The domain has a forge as well.
  alpine: { what: 'Alpine packages: apk', hosts: { [apex('*.dl-cdn.alpinelinux.org')]: 'packages' } },
  // docs.docker.com: "Allowlist for Docker Desktop"; Dependabot's list.
  'docker-hub': {
    what: 'Docker Hub images',
    hosts: {
      [apex('*.auth.docker.io')]: 'login',
      [apex('*.registry-1.docker.io')]: open('manifests, pull and push'),
      [apex('*.production.cloudflare.docker.com')]: 'layers',
      [apex('*.production.cloudfront.docker.com')]: 'layers',
      'docker-images-prod.6aa30f8b08e16409b46e0173d6de2f56.r2.cloudflarestorage.com': 'layers, on a separate host',
    },
  },
  // huggingface.co: "Downloading models" (behind a proxy or firewall), and the list of domains that it names.
  huggingface: {
    what: 'Hugging Face models and data sets',
    hosts: { 'huggingface.co': open('the hub'), '*.hf.co': open('large files') },
  },
  // GitHub's list.
  node: { what: 'Node itself: nvm, fnm, headers for addons', hosts: { 'nodejs.org': 'releases and headers' } },
  // GitHub's and Dependabot's lists.
  deno: {
    what: 'Deno modules',
    hosts: {
      [apex('*.jsr.io')]: 'modules',
      [apex('*.npm.jsr.io')]: 'the same, as Node packages',
      [apex('*.deno.land')]: 'modules of deno.land/x, the installer',
    },
  },
  // GitHub's list.
  playwright: {
    what: 'Playwright browsers',
    hosts: { 'cdn.playwright.dev': 'browsers', 'playwright.download.prss.microsoft.com': 'browsers, as a fallback' },
  },
  // learn.microsoft.com: "NuGet Server API" names the index; Dependabot's list. Pushing goes to another host.
  nuget: {
    what: '.NET packages: dotnet, nuget',
    hosts: { [apex('*.api.nuget.org')]: 'index and packages', [apex('*.globalcdn.nuget.org')]: 'packages' },
  },
  // GitHub's and Dependabot's lists.
  packagist: {
    what: 'PHP packages: composer (most archives also need @github)',
    hosts: { [apex('*.repo.packagist.org')]: 'the index', [apex('*.packagist.org')]: 'search and advisories' },
  },
  // GitHub's and Dependabot's lists. Uploads go to another host.
  conda: {
    what: 'conda packages',
    hosts: {
      [apex('*.repo.anaconda.com')]: 'Anaconda packages',
      [apex('*.conda.anaconda.org')]: 'channel packages, such as conda-forge',
    },
  },
  // GitHub's and Dependabot's lists.
  terraform: {
    what: 'Terraform providers and modules (many also need @github)',
    hosts: {
      [apex('*.registry.terraform.io')]: 'the index',
      'releases.hashicorp.com': 'HashiCorp providers, Terraform itself',
    },
  },
}
