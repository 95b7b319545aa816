/** `zkt completion`: scripts that make a shell complete zkt's commands, options and paths of nodes. */
import type { Command } from 'commander';
import { ZktError } from '../../base/errors.ts';
import { toolHelp } from '../settings/tool-help.ts';
import type { ToolContext } from '../tool.ts';

/**
 * Every script asks `zkt complete-words`, so that one place knows the answer. Bash cuts words at `:` and `=`
 * (`zk1:2181` is three of them): its script takes the words from the line instead, and gives back only what
 * follows the last cut. Where files are meant, the shell completes them itself.
 */
const SCRIPTS: ReadonlyMap<string, string> = new Map([
  [
    'bash',
    `# zkt completion for bash: source <(zkt completion bash)
_zkt() {
  local line typed words
  COMPREPLY=()
  line=\${COMP_LINE:0:COMP_POINT}
  read -ra words <<< "$line"
  [[ $line == *[[:blank:]] ]] && words+=("")
  typed=\${words[\${#words[@]}-1]}
  while IFS= read -r line; do
    COMPREPLY+=("\${line#"\${typed%"\${typed##*[:=]}"}"}")
  done < <(zkt complete-words -- "\${words[@]:1}" 2>/dev/null)
  case \${words[1]} in log|snapshot|server) compopt -o default 2>/dev/null ;; esac
  if [[ \${#COMPREPLY[@]} -eq 1 && \${COMPREPLY[0]} == */ ]]; then
    compopt -o nospace 2>/dev/null
  fi
}
complete -F _zkt zkt
`,
  ],
  [
    'zsh',
    `#compdef zkt
# zkt completion for zsh: source <(zkt completion zsh), or save it as _zkt in a folder of $fpath
_zkt() {
  local -a found
  found=("\${(@f)$(zkt complete-words -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if (( \${#found} == 1 )) && [[ \${found[1]} == */ ]]; then
    compadd -S '' -- "\${found[@]}"
  else
    compadd -- "\${(@)found:#}"
  fi
}
compdef _zkt zkt
`,
  ],
  [
    'fish',
    `# zkt completion for fish: zkt completion fish | source
function __zkt_complete
  set -l words (commandline -opc) (commandline -ct)
  zkt complete-words -- $words[2..-1] 2>/dev/null
end
complete -c zkt -f -a '(__zkt_complete)'
`,
  ],
]);

const HELP = `
Examples:
  source <(zkt completion bash)      # in ~/.bashrc
  source <(zkt completion zsh)       # in ~/.zshrc
  zkt completion fish | source       # in ~/.config/fish/config.fish

Paths of nodes are asked of the servers in --servers, ZKT_SERVERS or the profile, for at most a second.`;

/** See `ToolModule`. */
export function build(command: Command, context: ToolContext): void {
  toolHelp(command, HELP, context.brief === true);
  command
    .description('Print a completion script for a shell.')
    .argument('<shell>', [...SCRIPTS.keys()].join(', '))
    .action((shell: string) => {
      const script = SCRIPTS.get(shell);
      if (script === undefined) {
        throw new ZktError('ZKT_USAGE', {
          why: `there is a script for ${[...SCRIPTS.keys()].join(', ')}, not ${shell}`,
        });
      }
      context.io.stdout.write(script);
    });
}
