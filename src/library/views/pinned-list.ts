/**
 * Lists as of a revision: the present list without what changed since, merged with those skills as
 * they were then. Every page is read before the changes are, so that nothing falls between the two.
 */
import { compareIds } from "../../search/fusion.ts";
import type { SkillSummary } from "../../skill/skill.ts";
import type { ListFilter, SkillStore } from "../../store/skill-store.ts";
import type { ChangedSince } from "./changed-since.ts";

type Order = NonNullable<ListFilter["orderBy"]>;

export async function pinnedList(
  store: Pick<SkillStore, "list">,
  changed: ChangedSince,
  filter: ListFilter,
): Promise<readonly SkillSummary[]> {
  const { limit, orderBy = "id" } = filter;
  const present: SkillSummary[] = [];
  let place: Pick<ListFilter, "after" | "afterKey"> = {};
  let isEnd = false;
  do {
    const page = await store.list({ ...filter, ...place });
    isEnd = page.length < limit;
    const last = page.at(-1);
    if (last !== undefined) place = { after: last.id, afterKey: keyOf(last, orderBy) };
    await changed.refresh();
    const kept = [...present, ...page].filter(({ id }) => !changed.has(id));
    present.splice(0, present.length, ...kept);
  } while (!isEnd && present.length < limit);
  // From here on nothing is waited for: both are of the same moment.
  const ids = filter.ids && new Set(filter.ids);
  const past = [...changed.summaries()].filter(
    (summary) => isListed(summary, filter) && (ids?.has(summary.id) ?? true),
  );
  return [...present, ...past].toSorted((a, b) => compare(a, b, orderBy)).slice(0, limit);
}

/** Whether a skill passes the conditions that do not depend on the place in the list. */
export function passesFilter(
  { category, tags, status }: SkillSummary,
  filter: Pick<ListFilter, "category" | "tags" | "status">,
): boolean {
  return (
    (filter.category === undefined || category === filter.category) &&
    (filter.status === undefined || status === filter.status) &&
    (filter.tags ?? []).every((tag) => tags.includes(tag))
  );
}

function isListed(summary: SkillSummary, filter: ListFilter): boolean {
  const { after, afterKey = "", orderBy = "id" } = filter;
  if (!passesFilter(summary, filter)) return false;
  if (after === undefined) return true;
  const place = { ...summary, id: after, name: afterKey, updatedAt: afterKey };
  return compare(place, summary, orderBy) < 0;
}

function keyOf(summary: SkillSummary, orderBy: Order): string {
  return orderBy === "recent" ? summary.updatedAt : summary.name;
}

/** As the store orders them: names by their bytes, the letters A to Z without regard to case. */
function compare(a: SkillSummary, b: SkillSummary, orderBy: Order): number {
  const byKey =
    orderBy === "id"
      ? 0
      : orderBy === "recent"
        ? compareIds(b.updatedAt, a.updatedAt)
        : Buffer.compare(Buffer.from(folded(a.name)), Buffer.from(folded(b.name)));
  return byKey || compareIds(a.id, b.id);
}

function folded(name: string): string {
  return name.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
