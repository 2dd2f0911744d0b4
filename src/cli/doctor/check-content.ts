/** What `doctor` finds when it reads all that the library holds, and what it mends of it. */
import type { Problem, SkillLibrary } from "../../index.ts";
import { fail, ok } from "./doctor-check.ts";
import type { DoctorCheck } from "./doctor-check.ts";
import { plural } from "../terminal/plural.ts";
import { oneLine } from "../terminal/text-width.ts";

const SHOWN = 10;

export async function checkContent(library: SkillLibrary): Promise<readonly DoctorCheck[]> {
  const { problems, more, versions, runs, indexed } = await library.check();
  if (problems.length > 0) return told(problems, more);
  return [
    ok(
      "content",
      `${plural(versions, "version")} with the content of their hashes, ${plural(runs, "run")} and ${plural(indexed, "indexed skill")} agree`,
    ),
  ];
}

/** Makes anew what can be, and tells of each problem what became of it. */
export async function repairAll(library: SkillLibrary): Promise<readonly DoctorCheck[]> {
  const { repaired, left } = await library.repair();
  const mended = repaired.slice(0, SHOWN).map((problem) => ok("repaired", textOf(problem)));
  const rest = repaired.length - mended.length;
  return [
    ...mended,
    ...(rest > 0 ? [ok("repaired", `and ${plural(rest, "more problem")}`)] : []),
    ...told(left, 0),
    ...(repaired.length + left.length === 0 ? [ok("repair", "nothing to repair")] : []),
  ];
}

function told(problems: readonly Problem[], more: number): readonly DoctorCheck[] {
  const shown = problems.slice(0, SHOWN).map((problem) => {
    const remedy = problem.repairable
      ? "run repertoire doctor --repair"
      : "nothing else holds it: restore the library from a backup";
    return fail(problem.part === "skills" ? "store" : problem.part, textOf(problem), remedy);
  });
  const rest = problems.length - shown.length + more;
  if (rest === 0) return shown;
  const remedy = "library.check() lists them";
  return [...shown, fail("content", `and ${plural(rest, "more problem")}`, remedy)];
}

function textOf({ subject, message }: Problem): string {
  return oneLine(subject === undefined ? message : `${subject}: ${message}`);
}
