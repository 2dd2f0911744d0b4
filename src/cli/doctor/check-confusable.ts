import type { ConfusableGroup, SkillLibrary } from "../../index.ts";
import { ok, warn } from "./doctor-check.ts";
import type { DoctorCheck } from "./doctor-check.ts";
import { plural } from "../terminal/plural.ts";

const SHOWN_GROUPS = 5;
const SHOWN_IDS = 6;

/** Skills that a search can hardly tell apart: whoever looks for one may be given another. */
export async function checkConfusable(library: SkillLibrary): Promise<DoctorCheck> {
  const name = "confusable skills";
  const { groups, total, compared, complete } = await library.confusable({ limit: SHOWN_GROUPS });
  const looked = `${plural(compared, "skill")} compared${complete ? "" : ", the others were too many"}`;
  if (total === 0) return ok(name, `none; ${looked}`);
  const more = total > groups.length ? [`and ${plural(total - groups.length, "more group")}`] : [];
  return warn(
    name,
    `${plural(total, "group")} of skills much alike; ${looked}: ${[...groups.map(shown), ...more].join("; ")}`,
    "say in each description when to use that skill and not the others, or deprecate what is not needed",
  );
}

function shown({ ids, count, similarity }: ConfusableGroup): string {
  const left = count - SHOWN_IDS;
  const more = left > 0 ? ` and ${left} more` : "";
  return `${ids.slice(0, SHOWN_IDS).join(", ")}${more} (${similarity.toFixed(2)})`;
}
