import type { Command } from "commander";
import type { LibraryStats } from "../../index.ts";
import type { Paint } from "../terminal/colours.ts";
import { declareCommand } from "../command.ts";
import type { Install } from "../command.ts";
import { indexActivityText } from "../render/index-activity-text.ts";
import { isolationText } from "../render/isolation-text.ts";
import { plural } from "../terminal/plural.ts";
import { renderFields } from "../terminal/table.ts";
import { oneLine } from "../terminal/text-width.ts";

export const statsCommand: Install = (program, run) => {
  declareCommand(program, {
    usage: "stats",
    summary: "Count what is in the library, and show how its parts are doing.",
    example: "stats --json",
  }).action((_flags: object, command: Command) =>
    run(command, async ({ library, output, json }) => {
      const stats = await (await library()).stats();
      if (json) output.json(stats);
      else output.text(renderStats(stats, output.paint));
    }),
  );
};

function renderStats(stats: LibraryStats, paint: Paint): string {
  const { skills, runs, search, learning, sandbox } = stats;
  const behind = stats.revision - search.revision;
  return renderFields(
    [
      ["library", stats.path === undefined ? undefined : oneLine(stats.path)],
      ["revision", String(stats.revision)],
      ["skills", countsOf(skills.total, skills.byStatus)],
      ["versions", String(stats.versions)],
      ["runs", countsOf(runs.runs, runs.byStatus)],
      ["search index", `${plural(search.skills, "skill")}, ${search.vectors} with a vector`],
      ["index lag", behind === 0 ? "none" : plural(behind, "revision")],
      ["index work", indexActivityText(search.activity)],
      ["no vector yet", search.pending === 0 ? undefined : plural(search.pending, "skill")],
      ["embedder", oneLine(search.embedder ?? "none")],
      [
        "next embedder",
        search.next === undefined
          ? undefined
          : `${oneLine(search.next.embedder)} (${search.next.done} of ${plural(search.next.total, "skill")} done)`,
      ],
      [
        "embedder error",
        search.embedderError === undefined ? undefined : oneLine(search.embedderError),
      ],
      ["learned", learning.enabled ? plural(learning.uses, "use") : "off"],
      [
        "learning error",
        learning.lastError === undefined ? undefined : oneLine(learning.lastError),
      ],
      ["locks held", heldText(stats.locks.heldByAll)],
      ["sandbox", sandbox.engine],
      ["isolation", isolationText(sandbox.isolation)],
      ["not isolated by", oneLine(sandbox.isolation.missing.join("; ")) || undefined],
    ],
    paint,
  );
}

function heldText({ leases, claims }: LibraryStats["locks"]["heldByAll"]): string {
  if (leases === 0) return "none";
  return claims === 0 ? String(leases) : `${leases} (${plural(claims, "claim")})`;
}

function countsOf(total: number, byKind: Readonly<Record<string, number>>): string {
  const kinds = Object.entries(byKind).filter(([, count]) => count > 0);
  const detail = kinds.map(([kind, count]) => `${count} ${kind}`).join(", ");
  return detail === "" ? String(total) : `${total} (${detail})`;
}
