import { quote } from '../plan/shell.ts'
import type { Choice, Entry, Vocabulary } from './completion.ts'

/** Completion for zsh, sourced or as a file _paude in fpath. */
export const zshCompletion = ({ flags, verbs }: Vocabulary): string => `#compdef paude
# paude completion for zsh: source <(paude completion zsh)
_paude() {
  local verb= flag= at current=\${words[CURRENT]}
  local -a offers
  for ((at = 2; at < CURRENT; at++)); do
    case \${words[at]} in
      ${flags
        .filter(({ takes }) => takes !== 'nothing')
        .map(long)
        .join(' | ')}) flag=\${words[at]}; at=$((at + 1)) ;;
      ${flags.flatMap(({ name, takes }) => (takes === 'nothing' ? [`--${name}`] : [`--${name}=*`])).join(' | ')}) ;;
      *) verb=\${words[at]}; break ;;
    esac
  done
  if [[ -z $verb && ( $at -gt $CURRENT || $current == --*=* ) ]]; then
    if [[ $current == --*=* ]]; then
      flag=\${current%%=*}
      compset -P '--*='
    fi
    case $flag in
${flags.flatMap(valueCase).join('\n')}
    esac
    return
  fi
  case $verb in
    '')
      offers=(${verbs.map(described).join(' ')})
      _describe -t verbs verb offers
      offers=(${flags.map(describedFlag).join(' ')})
      _describe -t flags flag offers
      ;;
${verbs.map(verbCase).join('\n')}
    *) _default ;;
  esac
}
_paude_sessions() {
  local -a sessions=(\${(f)"$(paude completion sessions 2>/dev/null)"})
  compadd -a sessions
}
if [[ \${funcstack[1]-} == _paude ]]; then _paude "$@"; else compdef _paude paude; fi
`

const long = ({ name }: Choice): string => `--${name}`
/** \`word:what it does\`, the shape that _describe reads. */
const pair = (word: string, text: string): string => quote(`${word}:${text.replaceAll('\\', '').replaceAll(':', '\\:')}`)
const described = ({ name, description }: Entry): string => pair(name, description)
const describedFlag = ({ name, description }: Choice): string => pair(`--${name}`, description)

function valueCase({ name, takes }: Choice): readonly string[] {
  if (takes === 'nothing' || takes === 'anything') return []
  return [`      --${name}) ${takes === 'path' ? '_files' : `compadd -- ${takes.map(quote).join(' ')}`} ;;`]
}

function verbCase({ name, flags, words, sessions }: Entry): string {
  return [
    `    ${name})`,
    ...(words.length > 0 ? [`      compadd -- ${words.map(quote).join(' ')}`] : []),
    ...(sessions ? ['      _paude_sessions'] : []),
    ...(flags.length > 0 ? [`      offers=(${flags.map(describedFlag).join(' ')})`, '      _describe -t flags flag offers'] : []),
    '      ;;',
  ].join('\n')
}
