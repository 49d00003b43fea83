import { quote } from '../../plan/shell.ts'
import { bare, type Choice, type Entry, type Offer, type Vocabulary, valued, type Word } from './vocabulary.ts'

/** Completion for zsh, sourced or as a file _paude in fpath. */
export const zshCompletion = (vocabulary: Vocabulary): string => `#compdef paude
# paude completion for zsh: source <(paude completion zsh)
_paude() {
  local verb= word= flag= at current=\${words[CURRENT]}
  integer count=0
  local -a offers
  for ((at = 2; at < CURRENT; at++)); do
    case \${words[at]} in
      --) verb=--; break ;;
      ${valued(vocabulary).map(long).join(' | ')}) flag=\${words[at]}; at=$((at + 1)) ;;
      ${bare(vocabulary).map(long).join(' | ')} | --*=*) ;;
      *)
        if [[ -z $verb ]]; then
          verb=\${words[at]}
          # Whatever follows a word that is not ours is not ours either.
          case $verb in ${vocabulary.verbs.map(({ name }) => name).join(' | ')}) ;; *) break ;; esac
        elif [[ -z $word ]]; then
          word=\${words[at]}
        else
          count=$((count + 1))
        fi
        ;;
    esac
  done
  if [[ $at -gt $CURRENT || $current == --*=* ]]; then
    if [[ $current == --*=* ]]; then
      flag=\${current%%=*}
      compset -P '--*='
    fi
    case $flag in
${valued(vocabulary).flatMap(valueCase).join('\n')}
    esac
    return
  fi
  case $verb in
    '')
      offers=(${vocabulary.verbs.map(described).join(' ')})
      _describe -t verbs verb offers
      ${flagsOffered(vocabulary.flags)}
      ;;
${vocabulary.verbs.map(verbCase).join('\n')}
    *) _default ;;
  esac
}
_paude_ask() {
  local -a found=(\${(f)"$(paude completion $1 2>/dev/null)"})
  compadd -a found
}
if [[ \${funcstack[1]-} == _paude ]]; then _paude "$@"; else compdef _paude paude; fi
`

const long = ({ name }: Choice): string => `--${name}`
/** \`word:what it does\`, the shape that _describe reads. */
const pair = (word: string, text: string): string => quote(`${word}:${text.replaceAll('\\', '').replaceAll(':', '\\:')}`)
const described = ({ name, description }: Entry): string => pair(name, description)
const describedFlag = ({ name, description }: Choice): string => pair(`--${name}`, description)
const flagsOffered = (flags: readonly Choice[]): string =>
  flags.length === 0 ? ':' : `offers=(${flags.map(describedFlag).join(' ')}); _describe -t flags flag offers`

function offered(offer: Offer): string {
  switch (offer) {
    case 'anything':
      return ':'
    case 'path':
      return '_files'
    case 'sessions':
    case 'profiles':
      return `_paude_ask ${offer}`
  }
  return `compadd -- ${offer.map(quote).join(' ')}`
}

const valueCase = ({ name, takes }: Choice): readonly string[] =>
  takes === 'nothing' || takes === 'anything' ? [] : [`      --${name}) ${offered(takes)} ;;`]

function verbCase({ name, flags, words, sessions }: Entry): string {
  if (words.length === 0) return `    ${name}) ${[...(sessions ? [offered('sessions')] : []), flagsOffered(flags)].join('; ')} ;;`
  return [
    `    ${name}) case $word in`,
    `      '') ${offered(words.map((one) => one.name))}; ${flagsOffered(flags)} ;;`,
    ...words.map(wordCase),
    '    esac ;;',
  ].join('\n')
}

const wordCase = ({ name, flags, places, many }: Word): string =>
  `      ${name}) ${[
    ...places.map((offer, at) => `[[ $count -${many && at === places.length - 1 ? 'ge' : 'eq'} ${at} ]] && ${offered(offer)}`),
    flagsOffered(flags),
  ].join('; ')} ;;`
