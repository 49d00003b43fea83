import { join } from 'node:path'
import { baseImage, bun, ensureBaseImage, ensureDependencies, ensureEngine } from './install.mjs'
import { forwardSignals, hand, main, root, run, step } from './steps.mjs'

forwardSignals()
await main(async () => {
  await ensureDependencies()
  const { usable } = await ensureEngine({ wanted: 'any' })
  await ensureBaseImage(usable[0]).catch((error) => {
    throw new Error(`${baseImage} cannot be had, and every image is built from it\n${error.message}`)
  })
  await step('builds dist/paude', () => run([bun, 'scripts/build.ts']))
  // npm runs scripts in the checkout and says in INIT_CWD where it was called.
  return hand([join(root, 'dist/paude'), ...words()], { cwd: process.env.INIT_CWD ?? process.cwd() })
})

/** The caller's own words; without any and without a credential, the demonstration that needs none. */
function words() {
  const given = process.argv.slice(2)
  const { ANTHROPIC_API_KEY, CLAUDE_CODE_OAUTH_TOKEN, ANTHROPIC_AUTH_TOKEN } = process.env
  const hasCredential = [ANTHROPIC_API_KEY, CLAUDE_CODE_OAUTH_TOKEN, ANTHROPIC_AUTH_TOKEN].some((value) => value)
  if (given.length > 0 || hasCredential) return given
  process.stderr.write(
    '· no credential in the environment: this is the demo, with a scripted model and a project of its own.\n' +
      '  For Claude itself: export ANTHROPIC_API_KEY (or CLAUDE_CODE_OAUTH_TOKEN), then npm start, or dist/paude in your project.\n',
  )
  return ['demo']
}
