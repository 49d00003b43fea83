/**
 * Loaded before every test file. What a developer's shell holds decides no test: a proxy would take even what is asked of 127.0.0.1,
 * git's variables name another repository, and the agent's and paude's own choose another provider, engine or network.
 */
const NOISE = /^((https?|all|no|ftp)_proxy|(ANTHROPIC|CLAUDE|GIT)_.*|PAUDE_(?!TEST_|TALLY$).*)$/i
for (const name of Object.keys(process.env)) if (NOISE.test(name)) delete process.env[name]

// Containers read some of what tests write, under users of their own.
process.umask(0o022)
