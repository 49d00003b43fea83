import { commandLine } from '../plan/shell.ts'
import type { Choice, Entry, Vocabulary } from './completion.ts'

/** Completion for bash 3.2 and later, without bash-completion. */
export const bashCompletion = ({
  flags,
  verbs,
}: Vocabulary): string => `# paude completion for bash: source <(paude completion bash)
_paude() {
  local current=\${COMP_WORDS[COMP_CWORD]} verb= at flag=
  # bash cuts --flag=value in three.
  case \${COMP_WORDS[COMP_CWORD]} in =) current= ;; esac
  for ((at = 1; at < COMP_CWORD; at++)); do
    case \${COMP_WORDS[at]} in
      ${pattern(flags.filter(({ takes }) => takes !== 'nothing'))})
        flag=\${COMP_WORDS[at]}
        [[ \${COMP_WORDS[at + 1]} != = ]] || at=$((at + 1))
        at=$((at + 1))
        ;;
      ${pattern(flags.filter(({ takes }) => takes === 'nothing'))}) ;;
      *)
        verb=\${COMP_WORDS[at]}
        break
        ;;
    esac
  done
  COMPREPLY=()
  # The value of a flag is not finished yet.
  if [[ -z $verb && $at -gt $COMP_CWORD || -z $verb && \${COMP_WORDS[COMP_CWORD]} == = ]]; then
    case $flag in
${flags.flatMap(valueCase).join('\n')}
    esac
    return
  fi
  case $verb in
    '') _paude_words ${quoted([...verbs.map(({ name }) => name), ...flags.map(long)])} ;;
${verbs.map(verbCase).join('\n')}
    *) compopt -o default 2>/dev/null ;;
  esac
}
_paude_words() {
  while IFS= read -r word; do COMPREPLY+=("$word"); done < <(IFS=$'\\n'; compgen -W "$*" -- "$current")
}
_paude_sessions() {
  _paude_words $(paude completion sessions 2>/dev/null)
}
complete -F _paude paude
`

const long = ({ name }: Choice): string => `--${name}`
const pattern = (flags: readonly Choice[]): string => flags.map(long).join(' | ')
const quoted = (words: readonly string[]): string => commandLine(words)

function valueCase({ name, takes }: Choice): readonly string[] {
  if (takes === 'nothing' || takes === 'anything') return []
  return [`      --${name}) ${takes === 'path' ? 'compopt -o default 2>/dev/null' : `_paude_words ${quoted(takes)}`} ;;`]
}

function verbCase({ name, flags, words, sessions }: Entry): string {
  const offers = [
    ...(words.length + flags.length > 0 ? [`_paude_words ${quoted([...words, ...flags.map(long)])}`] : []),
    ...(sessions ? ['_paude_sessions'] : []),
  ]
  return `    ${name}) ${offers.length > 0 ? offers.join('; ') : ':'} ;;`
}
