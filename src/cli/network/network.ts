import { json, session } from '../args.ts'
import { ACTS } from '../front-flags.ts'
import { topic, verb } from '../verb.ts'
import { allow, deny, unset } from './change.ts'
import { proposeList } from './propose.ts'
import { showBlocked, showLog } from './requests.ts'
import { showGroups, showList, showWhy } from './show.ts'
import { WATCH_KEYS } from './watch-words.ts'

const watch = verb({
  description: 'Show what is blocked as it happens; on a terminal, one key allows it',
  front: ACTS,
  args: { session, json },
  examples: [
    ['paude network watch', 'the session of this directory'],
    ['paude network watch fix-login | cat', 'a line for each host that is blocked from now on'],
    ['paude network watch --json', 'the same for scripts'],
  ],
  keys: WATCH_KEYS,
  run: async (context, given) => (await import('./watch.ts')).watchNetwork(context, given.session, given.json === true),
})

export default topic({
  description: 'Show and change what a session may reach',
  examples: [
    ['paude network allow example.org', 'one more host for the session of this directory, at once'],
    ['paude network allow @github --for 10m', 'what GitHub needs, for ten minutes'],
    ['paude network deny *.example.org --session fix-login', 'whatever allows it'],
    ['paude network why https://example.org/x', 'which entry decides, and who asked for it'],
    ['paude network list --origin', 'everything that may be reached, and why'],
    ['paude network watch', 'what is blocked as it happens, and one key that allows it'],
    ['paude network allow example.org --user', 'here at once, and in all sessions to come'],
    ['paude network propose', 'the list that would have let everything through, for review'],
    ['paude network propose --project', "the same list into the project's paude.toml"],
    ['paude network blocked', 'what was blocked, each host once'],
    ['paude network log', 'every request of the session of this directory'],
    ['paude network log --blocked --json', 'what was blocked, for scripts'],
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
