/**
 * Lists of skills, a page at a time, in any order. A page goes on from the key of the entry before
 * it, never from a number of entries, so that nothing is shown twice or left out because something
 * else was added or removed meanwhile.
 *
 * Orders by evidence join two files. The counters of all skills that were ever run are read whole,
 * which is one small row for each; skills without any follow in order of id, read page by page.
 */
import { RepertoireError } from "../../base/errors.ts";
import { preview } from "../../base/json.ts";
import type { Limits } from "../../base/limits.ts";
import { isSkillId } from "../../skill/skill-id.ts";
import { compareIds } from "../../search/fusion.ts";
import { SKILL_STATUSES } from "../../skill/skill.ts";
import type { SkillSummary } from "../../skill/skill.ts";
import type { SkillUsage } from "../../store/run-store.ts";
import type { SkillFilter, SkillStore } from "../../store/skill-store.ts";
import type { FacetOptions, ListedSkill, ListOptions, ListOrder } from "./catalog-options.ts";
import type { Evidence } from "../execution/evidence.ts";
import {
  checkInteger,
  checkKnownOptions,
  checkOneOf,
  checkText,
  checkTexts,
} from "../check-options.ts";

const LIST_ORDERS: readonly ListOrder[] = ["id", "name", "recent", "uses", "success"];

const DEFAULT_PAGE = 100;
/** Read beyond a page in one go, for entries that turn out not to be part of it. */
const SPARE = 200;

/** Longest cursor: a name of 128 characters, each of four bytes in base64. */
const CURSOR_LENGTH = 4096;
/** No id begins like this. */
const CURSOR_MARK = "~";

interface ListSources {
  readonly store: Pick<SkillStore, "list">;
  readonly evidence: Pick<Evidence, "usage">;
}

/** Where a page ended: the id and what the order is by. */
interface Place {
  readonly id: string;
  /** The name or time, or the uses and success rate; `null` beyond all skills with evidence. */
  readonly key: string | readonly number[] | null;
}

/** @throws {INVALID_INPUT} for a filter of lists and facets that is malformed */
export function checkListFilter(
  { category, tags, status, limit }: FacetOptions,
  { pageSize, categoryLength }: Limits,
): void {
  checkInteger("limit", limit, 1, pageSize);
  checkOneOf("status", status, SKILL_STATUSES);
  checkText("category", category, categoryLength);
  checkTexts("tags", tags);
}

/** What `list` can be asked, besides a limit and a place; `facets` can be asked the same. */
export const LIST_FILTERS: readonly string[] = ["category", "tags", "status", "limit"];

/** @throws {INVALID_INPUT} for options of a list that are not known or malformed */
export function checkListOptions(options: ListOptions, limits: Limits): void {
  checkKnownOptions("list", options, [...LIST_FILTERS, "orderBy", "after"]);
  checkListFilter(options, limits);
  checkOneOf("orderBy", options.orderBy, LIST_ORDERS);
}

/** @throws {INVALID_INPUT} when `after` is no cursor of this order, or in the order of ids no id */
export async function listSkills(
  sources: ListSources,
  { orderBy = "id", after, limit = DEFAULT_PAGE, ...filter }: ListOptions,
  limits: Limits,
): Promise<readonly ListedSkill[]> {
  const { store } = sources;
  if (orderBy === "id") {
    checkText("after", after, 2 * limits.idLength + 1);
    return store.list({ ...filter, limit, ...(after === undefined ? {} : { after }) });
  }
  const place = after === undefined ? undefined : placeOf(after, orderBy);
  if (orderBy === "uses" || orderBy === "success")
    return byEvidence(sources, filter, {
      orderBy,
      place,
      limit,
      chunk: Math.min(limits.pageSize, limit + SPARE),
    });
  const from = place && { after: place.id, afterKey: place.key as string };
  const page = await store.list({ ...filter, orderBy, limit, ...from });
  return page.map((summary) => {
    const key = orderBy === "name" ? summary.name : summary.updatedAt;
    return { ...summary, cursor: cursorOf(orderBy, { id: summary.id, key }) };
  });
}

interface EvidencePage {
  readonly orderBy: "uses" | "success";
  readonly place: Place | undefined;
  readonly limit: number;
  /** Summaries read at once. */
  readonly chunk: number;
}

interface Used {
  readonly id: string;
  readonly key: readonly number[];
}

async function byEvidence(
  { store, evidence }: ListSources,
  filter: SkillFilter,
  { orderBy, place, limit, chunk }: EvidencePage,
): Promise<readonly ListedSkill[]> {
  const usage = await evidence.usage();
  const ranked = rankedBy(orderBy, usage);
  const listed: ListedSkill[] = [];
  const add = (summary: SkillSummary, key: Place["key"]): void => {
    const { uses = 0, successRate = null } = usage.get(summary.id) ?? {};
    const cursor = cursorOf(orderBy, { id: summary.id, key });
    listed.push({ ...summary, uses, successRate, cursor });
  };

  const rest = place?.key === null ? [] : ranked.filter((each) => isAfter(each, place));
  for (let at = 0; at < rest.length && listed.length < limit; at += chunk) {
    const some = rest.slice(at, at + chunk);
    const ids = some.map(({ id }) => id);
    const found = await store.list({ ...filter, ids, limit: ids.length });
    const summaries = new Map(found.map((summary) => [summary.id, summary]));
    for (const { id, key } of some) {
      const summary = summaries.get(id);
      if (summary !== undefined && listed.length < limit) add(summary, key);
    }
  }

  const isRanked = new Set(ranked.map(({ id }) => id));
  let after = place?.key === null ? place.id : undefined;
  while (listed.length < limit) {
    const page = await store.list({
      ...filter,
      limit: chunk,
      ...(after === undefined ? {} : { after }),
    });
    for (const summary of page)
      if (!isRanked.has(summary.id) && listed.length < limit) add(summary, null);
    if (page.length < chunk) break;
    after = page.at(-1)?.id;
  }
  return listed;
}

/** Skills with evidence, best first. */
function rankedBy(
  orderBy: EvidencePage["orderBy"],
  usage: ReadonlyMap<string, SkillUsage>,
): readonly Used[] {
  const ranked: Used[] = [];
  for (const [id, { uses, successRate }] of usage) {
    if (orderBy === "uses") ranked.push({ id, key: [uses] });
    // Among the equally successful, more runs are more evidence.
    else if (successRate !== undefined) ranked.push({ id, key: [successRate, uses] });
  }
  return ranked.toSorted(compareUsed);
}

function isAfter(each: Used, place: Place | undefined): boolean {
  return place === undefined || compareUsed({ id: place.id, key: place.key as number[] }, each) < 0;
}

function compareUsed(a: Used, b: Used): number {
  for (const [at, value] of a.key.entries()) {
    const difference = (b.key[at] ?? 0) - value;
    if (difference !== 0) return difference;
  }
  return compareIds(a.id, b.id);
}

function cursorOf(orderBy: ListOrder, { id, key }: Place): string {
  return CURSOR_MARK + Buffer.from(JSON.stringify([orderBy, id, key])).toString("base64url");
}

function placeOf(cursor: string, orderBy: ListOrder): Place {
  checkText("after", cursor, CURSOR_LENGTH);
  const [order, id, key] = parsed(cursor);
  if (order === orderBy && typeof id === "string" && isSkillId(id) && isKey(key, orderBy))
    return { id, key };
  throw new RepertoireError(
    "INVALID_INPUT",
    `Expected \`after\` to be the cursor of an entry of a list in the order of ${orderBy}, got ${preview(cursor)}`,
    { details: { option: "after", orderBy } },
  );
}

function parsed(cursor: string): readonly unknown[] {
  if (!cursor.startsWith(CURSOR_MARK)) return [];
  try {
    const value: unknown = JSON.parse(Buffer.from(cursor.slice(1), "base64url").toString());
    return Array.isArray(value) ? value : [];
  } catch {
    // What is no JSON is no cursor, which the caller says.
    return [];
  }
}

function isKey(key: unknown, orderBy: ListOrder): key is Place["key"] {
  if (orderBy === "name" || orderBy === "recent") return typeof key === "string";
  const length = orderBy === "uses" ? 1 : 2;
  const isNumbers = Array.isArray(key) && key.length === length && key.every(Number.isFinite);
  return key === null || isNumbers;
}
