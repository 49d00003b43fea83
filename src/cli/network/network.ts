import { json, session } from '../args.ts'
import { ACTS } from '../front-flags.ts'
import { topic, verb } from '../verb.ts'
import { allow, deny, unset } from './change.ts'
import { proposeList } from './propose.ts'
import { showBlocked, showLog } from './requests.ts'
import { showGroups, showList, showWhy } from './show.ts'
import { WATCH_KEYS } from './watch-words.ts'

const watch = verb({
  description: 'Show blocked hosts live; on a terminal, a key allows one',
  front: ACTS,
  args: { session, json },
  examples: [
    ['paude network watch', 'the session of this directory'],
    ['paude network watch fix-login | cat', 'a line for each newly blocked host'],
    ['paude network watch --json', 'the same for scripts'],
  ],
  keys: WATCH_KEYS,
  run: async (context, given) => (await import('./watch.ts')).watchNetwork(context, given.session, given.json === true),
})

export default topic({
  description: 'Show and change what a session may reach',
  examples: [
    ['paude network allow example.org', 'one more host for the session of this directory'],
    ['paude network allow @github --for 10m', 'the hosts of GitHub, for ten minutes'],
    ['paude network deny *.example.org --session fix-login', 'even if something allows it'],
    ['paude network why https://example.org/x', 'the entry that decides, and its origin'],
    ['paude network list --origin', 'everything that the agent can reach, and why'],
    ['paude network watch', 'blocked hosts live, and a key to allow one'],
    ['paude network allow example.org --user', 'here, and in all new sessions'],
    ['paude network propose', 'a list of all used hosts, for review'],
    ['paude network propose --project', "write that list into the project's paude.toml"],
    ['paude network blocked', 'blocked hosts, each once'],
    ['paude network log', 'every request of the session of this directory'],
    ['paude network log --blocked --json', 'blocked requests, for scripts'],
  ],
  verbs: {
    list: showList,
    allow,
    deny,
    unset,
    why: showWhy,
    blocked: showBlocked,
    watch,
    propose: proposeList,
    log: showLog,
    groups: showGroups,
  },
})
