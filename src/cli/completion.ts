/** Completion scripts, written from the commands the program really has. */
import type { Command } from "commander";

export type Shell = "bash" | "zsh" | "fish";

export const SHELLS: readonly Shell[] = ["bash", "zsh", "fish"];

interface Completed {
  readonly name: string;
  readonly summary: string;
  readonly options: readonly {
    readonly flag: string;
    readonly summary: string;
    readonly takesValue: boolean;
    /** Its values where there are few. */
    readonly values: readonly string[];
  }[];
  /** Values of its arguments where there are few. */
  readonly words: readonly string[];
}

export function completionScript(program: Command, shell: Shell): string {
  const commands = program.commands.map(completed);
  if (shell === "bash") return bash(commands);
  return shell === "zsh" ? zsh(commands) : fish(commands);
}

function completed(command: Command): Completed {
  return {
    name: command.name(),
    summary: command.description(),
    options: [
      ...command.options,
      { long: "--help", description: "display help", required: false, argChoices: [] },
    ].flatMap(({ long, description, required, argChoices = [] }) =>
      long == null
        ? []
        : [{ flag: long, summary: description, takesValue: required, values: argChoices }],
    ),
    words: command.registeredArguments.flatMap((argument) => argument.argChoices ?? []),
  };
}

function bash(commands: readonly Completed[]): string {
  const cases = commands.map(
    ({ name, options, words }) =>
      `    ${name}) words="${[...words, ...options.map(({ flag }) => flag)].join(" ")}" ;;`,
  );
  const values = commands.flatMap(({ name, options }) =>
    options
      .filter((option) => option.values.length > 0)
      .map((option) => `    ${name}:${option.flag}) words="${option.values.join(" ")}" ;;`),
  );
  return `# Completion of repertoire for bash.
_repertoire() {
  local current="\${COMP_WORDS[COMP_CWORD]}" words
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${commands.map(({ name }) => name).join(" ")}" -- "$current"))
    return
  fi
  case "\${COMP_WORDS[1]}" in
${cases.join("\n")}
    *) words="" ;;
  esac
  case "\${COMP_WORDS[1]}:\${COMP_WORDS[COMP_CWORD - 1]}" in
${values.join("\n")}
    *) ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o bashdefault -o default -F _repertoire repertoire
`;
}

function zsh(commands: readonly Completed[]): string {
  const names = commands.map(({ name, summary }) => `    ${quote(`${name}:${summary}`)}`);
  const cases = commands.map(({ name, options, words }) => {
    const specs = options.map(({ flag, summary, takesValue, values }) => {
      const wanted = values.length === 0 ? "_files" : `(${values.join(" ")})`;
      return quote(
        `${flag}[${summary.replaceAll(/[[\]]/g, "")}]${takesValue ? `:value:${wanted}` : ""}`,
      );
    });
    const rest =
      words.length === 0 ? quote("*:file:_files") : quote(`*:value:(${words.join(" ")})`);
    return `    ${name}) _arguments ${[...specs, rest].join(" ")} ;;`;
  });
  return `#compdef repertoire
# Completion of repertoire for zsh.
_repertoire() {
  local -a commands=(
${names.join("\n")}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local command="\${words[2]}"
  shift words
  (( CURRENT-- ))
  case "$command" in
${cases.join("\n")}
  esac
}
compdef _repertoire repertoire
`;
}

function fish(commands: readonly Completed[]): string {
  const lines = commands.flatMap(({ name, summary, options, words }) => [
    `complete -c repertoire -n __fish_use_subcommand -f -a ${name} -d ${quote(summary)}`,
    ...options.map(
      ({ flag, summary: about, takesValue, values }) =>
        `complete -c repertoire -n "__fish_seen_subcommand_from ${name}" -l ${flag.slice(2)}${takesValue ? " -r" : ""}${values.length === 0 ? "" : ` -f -a ${quote(values.join(" "))}`} -d ${quote(about)}`,
    ),
    ...(words.length === 0
      ? []
      : [
          `complete -c repertoire -n "__fish_seen_subcommand_from ${name}" -f -a ${quote(words.join(" "))}`,
        ]),
  ]);
  return `# Completion of repertoire for fish.\n${lines.join("\n")}\n`;
}

/** One word for a shell, whatever is in it. */
function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
