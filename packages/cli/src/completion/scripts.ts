export const SHELLS = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof SHELLS)[number]

// Bash cuts words at `=` and `:`; ctl sees them whole, and what bash thinks is typed already is taken off again.
const BASH = String.raw`# bash completion for ctl
_ctl() {
  local typed="\${COMP_LINE:0:COMP_POINT}" words current before candidate
  read -ra words <<<"$typed"
  [[ $typed == *[[:space:]] ]] && words+=("")
  current="\${words[\${#words[@]}-1]}"
  before="\${current%"\${current##*[=:]}"}"
  COMPREPLY=()
  while IFS=$'\t' read -r candidate _; do
    COMPREPLY+=("\${candidate#"$before"}")
  done < <("\${words[0]/#\~/$HOME}" __complete "\${words[@]:1}" 2>/dev/null)
  if [[ \${#COMPREPLY[@]} -eq 1 && \${COMPREPLY[0]} == *= ]]; then compopt -o nospace; fi
}
complete -o default -F _ctl ctl`

const ZSH = String.raw`#compdef ctl
_ctl() {
  local line word help
  local -a candidates
  for line in "\${(@f)$(\${~words[1]} __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    [[ -z $line ]] && continue
    word="\${\${line%%$'\t'*}//:/\\:}"
    help="\${line#*$'\t'}"
    candidates+=("$word\${help:+:$help}")
  done
  if (( $#candidates )); then _describe 'ctl' candidates; else _files; fi
}
if [[ $funcstack[1] == _ctl ]]; then _ctl "$@"; else compdef _ctl ctl; fi`

const FISH = String.raw`# fish completion for ctl
function __ctl_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l candidates ($words[1] __complete $words[2..-1] "$current" 2>/dev/null)
    if test (count $candidates) -gt 0
        printf '%s\n' $candidates
    else
        __fish_complete_path "$current"
    end
end
complete -c ctl -f -a '(__ctl_complete)'`

const SCRIPTS: Readonly<Record<Shell, string>> = { bash: BASH, zsh: ZSH, fish: FISH }

/** What a shell has to read to complete the words of ctl. */
export function completionScript(shell: Shell): string {
  // A template's own braces are escaped in the source.
  return SCRIPTS[shell].replaceAll('\\${', '${')
}
