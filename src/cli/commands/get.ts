import type { Command } from "commander";
import { RepertoireError } from "../../base/errors.ts";
import type { Skill } from "../../skill/skill.ts";
import { atOption, readerOf } from "../options/at-option.ts";
import type { AtFlags, Reader } from "../options/at-option.ts";
import { declareCommand, defined } from "../command.ts";
import type { Install } from "../command.ts";
import type { CliContext } from "../context.ts";
import { wholeNumber } from "../options/numbers.ts";
import { renderSkill } from "../render/render-skill.ts";
import { similarSkills } from "../failures/similar-skills.ts";
import { printable } from "../terminal/text-width.ts";

interface GetFlags extends AtFlags {
  readonly version?: number;
  readonly code?: true;
}

export const getCommand: Install = (program, run) => {
  declareCommand(program, {
    usage: "get <id>",
    summary: "Show a skill with the evidence of its runs.",
    example: "get slugify --code > slugify.js",
  })
    .option("--version <n>", "this version (default: the current one)", wholeNumber(1))
    .addOption(atOption())
    .option("--code", "print its source text alone")
    .action((id: string, flags: GetFlags, command: Command) =>
      run(command, (context) => get(context, id, flags)),
    );
};

async function get(context: CliContext, id: string, flags: GetFlags): Promise<void> {
  const { output, json, signal } = context;
  const { version, code } = flags;
  const library = await readerOf(await context.library(), flags);
  const skill = await library.get(id, { ...defined({ version }), signal });
  if (skill === undefined) throw await notFound(library, id, version);
  if (json) output.json(skill);
  else if (code) output.text(sourceOf(skill, output.isTerminal));
  else output.text(renderSkill(skill, output));
}

/** The source as it is for a file or another program; safe to look at in a terminal. */
function sourceOf(skill: Skill, isTerminal: boolean): string {
  if (skill.code === undefined) {
    throw new RepertoireError(
      "INVALID_INPUT",
      `Skill "${skill.id}" has instructions and no code; leave out --code to read them`,
      { details: { skillId: skill.id } },
    );
  }
  const text = isTerminal ? printable(skill.code) : skill.code;
  return text.endsWith("\n") ? text : `${text}\n`;
}

async function notFound(
  library: Reader,
  id: string,
  version: number | undefined,
): Promise<RepertoireError> {
  const current = version === undefined ? undefined : await library.get(id);
  if (current !== undefined) {
    return new RepertoireError(
      "SKILL_NOT_FOUND",
      `There is no version ${version} of skill "${id}"; the current one is ${current.version}`,
      { details: { skillId: id, version, current: current.version } },
    );
  }
  const similar = await similarSkills(library, id);
  const hint =
    similar.length === 0
      ? "search or list the library for its id"
      : `did you mean ${similar.join(", ")}?`;
  return new RepertoireError("SKILL_NOT_FOUND", `There is no skill "${id}"; ${hint}`, {
    details: { skillId: id, similar },
  });
}
