import type { Command } from "commander";
import type { FieldChange } from "../../index.ts";
import type { Paint, Style } from "../terminal/colours.ts";
import { atOption, readerOf } from "../options/at-option.ts";
import type { AtFlags } from "../options/at-option.ts";
import { declareCommand } from "../command.ts";
import type { Install } from "../command.ts";
import { unifiedDiff } from "../../base/line-diff.ts";
import type { DiffLine } from "../../base/line-diff.ts";
import { wholeNumber } from "../options/numbers.ts";
import { oneLine, printable } from "../terminal/text-width.ts";

export const diffCommand: Install = (program, run) => {
  declareCommand(program, {
    usage: "diff",
    summary: "Show what changed from one version of a skill to another.",
    example: "diff slugify 1 2",
  })
    .argument("<id>")
    .argument("<from>", "a version", wholeNumber(1))
    .argument("<to>", "a version", wholeNumber(1))
    .addOption(atOption())
    .action((id: string, from: number, to: number, flags: AtFlags, command: Command) =>
      run(command, async ({ library, output, json }) => {
        const changes = await (await readerOf(await library(), flags)).diff(id, from, to);
        if (json) return output.json({ id, from, to, changes });
        if (changes.length === 0) output.note("The two versions have the same content.");
        output.text(changes.map((change) => renderChange(change, output.paint)).join(""));
      }),
    );
};

function renderChange({ field, from, to }: FieldChange, paint: Paint): string {
  const title = `${paint("bold", field)}\n`;
  const isText = field === "code" || field === "instructions";
  const lines: readonly DiffLine[] = isText
    ? unifiedDiff(textOf(from ?? ""), textOf(to ?? ""))
    : [
        ...(from === undefined ? [] : [{ kind: "removed" as const, text: oneLine(textOf(from)) }]),
        ...(to === undefined ? [] : [{ kind: "added" as const, text: oneLine(textOf(to)) }]),
      ];
  return title + lines.map((line) => renderLine(line, paint)).join("");
}

function renderLine({ kind, text }: DiffLine, paint: Paint): string {
  const [sign, style] = SIGNS[kind];
  const line = sign + printable(text);
  return `${style === undefined ? line : paint(style, line)}\n`;
}

const SIGNS: Readonly<Record<DiffLine["kind"], readonly [sign: string, style?: Style]>> = {
  same: [" "],
  added: ["+", "green"],
  removed: ["-", "red"],
  hunk: ["", "cyan"],
};

function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
