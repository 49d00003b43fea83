/** What a shell is to source. Each asks `paude completion SHELL -- WORDS…` at every Tab; the answer `:files` leaves the word to the shell. */
export const stubs = {
  // 3.2 and later, without bash-completion.
  bash: `# paude completion for bash: source <(paude completion bash)
_paude() {
  local offer
  COMPREPLY=()
  while IFS= read -r offer; do COMPREPLY+=("$offer"); done < <(paude completion bash -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  if [[ \${COMPREPLY[0]-} == :files ]]; then
    COMPREPLY=()
    compopt -o default 2>/dev/null
  fi
}
complete -F _paude paude
`,
  // Sourced, or as a file _paude in fpath.
  zsh: `#compdef paude
# paude completion for zsh: source <(paude completion zsh)
_paude() {
  local -a offers=(\${(f)"$(paude completion zsh -- "\${(@)words[2,CURRENT]}" 2>/dev/null)"})
  compset -P '--*='
  if [[ \${offers[1]-} == :files ]]; then
    _files
  elif (( \${#offers} )); then
    _describe paude offers
  fi
}
if [[ \${funcstack[1]-} == _paude ]]; then _paude "$@"; else compdef _paude paude; fi
`,
  // 3 and later.
  fish: `# paude completion for fish: paude completion fish | source
function __paude_offers
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l offers (paude completion fish -- $words[2..-1] "$current" 2>/dev/null)
    if test "$offers[1]" = :files
        set -l flag (string match -r -- '^--[^=]*=' "$current")
        for file in (__fish_complete_path (string replace -- "$flag" '' "$current"))
            echo "$flag$file"
        end
    else
        string join -- \\n $offers
    end
end
complete -c paude -e
complete -c paude -f -a '(__paude_offers)'
`,
} as const

export type Shell = keyof typeof stubs
export const isShell = (word: string): word is Shell => Object.hasOwn(stubs, word)
