/** `secrets completion SHELL`: a small script that asks the program itself, so completions never go out of date. */
import type { Context } from "../context.ts";

const SCRIPTS = {
  bash: `_secrets() {
  local IFS=$'\\n'
  # An address may hold a colon; bash would split the word there.
  local words=("\${COMP_WORDS[@]:1:COMP_CWORD}")
  COMPREPLY=($(secrets __complete -- "\${words[@]}" 2>/dev/null))
  [[ \${COMPREPLY[0]-} == */ ]] && compopt -o nospace
}
complete -o default -F _secrets secrets
`,
  zsh: `#compdef secrets
_secrets() {
  local -a proposals
  proposals=(\${(f)"$(secrets __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)"})
  compadd -Q -S '' -a proposals
}
compdef _secrets secrets
`,
  fish: `function __secrets_complete
    set -l words (commandline -opc) (commandline -ct)
    secrets __complete -- $words[2..] 2>/dev/null
end
complete -c secrets -f -a '(__secrets_complete)'
`,
} as const;

export function completion(this: Context, _flags: object, shell: keyof typeof SCRIPTS): void {
  for (const line of SCRIPTS[shell].trimEnd().split("\n")) this.terminal.print(line);
}
