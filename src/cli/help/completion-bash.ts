import { commandLine } from '../../plan/shell.ts'
import { bare, type Choice, type Entry, type Offer, type Vocabulary, valued, type Word } from './vocabulary.ts'

/** Completion for bash 3.2 and later, without bash-completion. */
export const bashCompletion = (vocabulary: Vocabulary): string => `# paude completion for bash: source <(paude completion bash)
_paude() {
  local current=\${COMP_WORDS[COMP_CWORD]} verb= word= count=0 flag= value= put= at
  # bash cuts --flag=value in three, and the @ off a word, which all the same begins what is replaced.
  case $current in
    =) current= ;;
    @ | =@) current=@ ;;
    *) case \${COMP_WORDS[COMP_CWORD - 1]} in @ | =@) current=@$current ;; esac ;;
  esac
  for ((at = 1; at < COMP_CWORD; at++)); do
    case \${COMP_WORDS[at]} in
      --)
        verb=--
        break
        ;;
      @ | = | =@) ;;
      :) at=$((at + 1)) ;;
      ${pattern(valued(vocabulary))})
        flag=\${COMP_WORDS[at]}
        case \${COMP_WORDS[at + 1]} in = | @ | =@) at=$((at + 1)) ;; esac
        at=$((at + 1))
        ;;
      ${pattern(bare(vocabulary))} | --*=*) ;;
      *)
        if [[ -z $verb ]]; then
          verb=\${COMP_WORDS[at]}
          # Whatever follows a word that is not ours is not ours either.
          case $verb in ${vocabulary.verbs.map(({ name }) => name).join(' | ')}) ;; *) break ;; esac
        elif [[ -z $word ]]; then
          word=\${COMP_WORDS[at]}
        else
          count=$((count + 1))
        fi
        ;;
    esac
  done
  COMPREPLY=()
  if [[ $current == --*=* ]]; then
    flag=\${current%%=*} put=\${current%%=*}= current=\${current#*=} value=yes
  elif [[ $at -gt $COMP_CWORD ]]; then
    value=yes
  fi
  if [[ -n $value ]]; then
    case $flag in
${valued(vocabulary).flatMap(valueCase).join('\n')}
    esac
    return
  fi
  case $verb in
    '') ${words([...vocabulary.verbs.map(({ name }) => name), ...vocabulary.flags.map(long)])} ;;
${vocabulary.verbs.map(verbCase).join('\n')}
    *) compopt -o default 2>/dev/null ;;
  esac
}
_paude_words() {
  while IFS= read -r one; do COMPREPLY+=("$put$one"); done < <(IFS=$'\\n'; compgen -W "$*" -- "$current")
}
_paude_ask() {
  _paude_words $(paude completion "$1" 2>/dev/null)
}
complete -F _paude paude
`

const long = ({ name }: Choice): string => `--${name}`
const pattern = (flags: readonly Choice[]): string => flags.map(long).join(' | ')
const words = (list: readonly string[]): string => (list.length === 0 ? ':' : `_paude_words ${commandLine(list)}`)

function offered(offer: Offer): string {
  switch (offer) {
    case 'anything':
      return ':'
    case 'path':
      return 'compopt -o default 2>/dev/null'
    case 'sessions':
    case 'profiles':
      return `_paude_ask ${offer}`
  }
  return words(offer)
}

const valueCase = ({ name, takes }: Choice): readonly string[] =>
  takes === 'nothing' || takes === 'anything' ? [] : [`      --${name}) ${offered(takes)} ;;`]

function verbCase({ name, flags, words: known, sessions }: Entry): string {
  const first = words([...known.map((one) => one.name), ...flags.map(long)])
  if (known.length === 0) return `    ${name}) ${[first, ...(sessions ? [offered('sessions')] : [])].join('; ')} ;;`
  return [`    ${name}) case $word in`, `      '') ${first} ;;`, ...known.map(wordCase), '    esac ;;'].join('\n')
}

const wordCase = ({ name, flags, places, many }: Word): string =>
  `      ${name}) ${[
    words(flags.map(long)),
    ...places.map((offer, at) => `[[ $count -${many && at === places.length - 1 ? 'ge' : 'eq'} ${at} ]] && ${offered(offer)}`),
  ].join('; ')} ;;`
