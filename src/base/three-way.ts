/** Comparing two values that were made from one: what each side changed, and what can be merged. */
import { canonicalJson } from "./json.ts";
import type { JsonObject, JsonValue } from "./json.ts";

/**
 * - `theirs`, `yours`: changed on that side alone
 * - `same`: changed on both sides, to the same value
 * - `merged`: changed on both sides, and both changes hold side by side, as two tags added do
 * - `conflict`: changed on both sides, and only one of the values can be kept
 */
export type FieldFate = "theirs" | "yours" | "same" | "merged" | "conflict";

/** One field that at least one side changed. A value that is absent is a field that is not there. */
export interface FieldComparison {
  readonly field: string;
  readonly change: FieldFate;
  readonly base?: JsonValue;
  readonly theirs?: JsonValue;
  readonly yours?: JsonValue;
  /** What both make together, where `change` is `merged`. */
  readonly merged?: JsonValue;
}

/** The three values of a field; absent where there is no such field. */
export interface Sides {
  readonly base: JsonValue | undefined;
  readonly theirs: JsonValue | undefined;
  readonly yours: JsonValue | undefined;
}

/** What both sides make together, or nothing where they contradict each other. */
export type MergeValues = (sides: Sides) => JsonValue | undefined;

/** Nothing where neither side changed the field. */
export function compareField(
  field: string,
  sides: Sides,
  merge: MergeValues = () => undefined,
): FieldComparison | undefined {
  const { base, theirs, yours } = sides;
  const theyChanged = !isEqual(base, theirs);
  const youChanged = !isEqual(base, yours);
  if (!theyChanged && !youChanged) return undefined;
  const values = definedSides(sides);
  if (!youChanged) return { field, change: "theirs", ...values };
  if (!theyChanged) return { field, change: "yours", ...values };
  if (isEqual(theirs, yours)) return { field, change: "same", ...values };
  const merged = merge(sides);
  return merged === undefined
    ? { field, change: "conflict", ...values }
    : { field, change: "merged", ...values, merged };
}

/** Lists whose order says nothing: what either side added is added, and what either removed is removed. */
export function mergeSets({ base, theirs, yours }: Sides): JsonValue | undefined {
  if (!Array.isArray(base) || !Array.isArray(theirs) || !Array.isArray(yours)) return undefined;
  const { added, removed } = changesOfSet(base, yours);
  const present = new Set(theirs.map(canonicalJson));
  return [
    ...theirs.filter((item) => !removed.has(canonicalJson(item))),
    ...added.filter((item) => !present.has(canonicalJson(item))),
  ];
}

/** Like {@link mergeSets}, except where both sides took something away: that may be two edits of one entry. */
export function mergeEntries(sides: Sides): JsonValue | undefined {
  const { base, theirs, yours } = sides;
  if (!Array.isArray(base) || !Array.isArray(theirs) || !Array.isArray(yours)) return undefined;
  const bothRemoved =
    changesOfSet(base, theirs).removed.size > 0 && changesOfSet(base, yours).removed.size > 0;
  return bothRemoved ? undefined : mergeSets(sides);
}

/** Objects, member by member. */
export function mergeMembers(mergeMember: MergeValues = () => undefined): MergeValues {
  return ({ base, theirs, yours }) => {
    if (!isRecord(base) || !isRecord(theirs) || !isRecord(yours)) return undefined;
    const merged: [string, JsonValue][] = [];
    for (const name of new Set([base, theirs, yours].flatMap((each) => Object.keys(each)))) {
      const sides = {
        base: memberOf(base, name),
        theirs: memberOf(theirs, name),
        yours: memberOf(yours, name),
      };
      const compared = compareField(name, sides, mergeMember);
      if (compared?.change === "conflict") return undefined;
      const value = compared === undefined ? sides.base : outcomeOf(compared);
      if (value !== undefined) merged.push([name, value]);
    }
    return Object.fromEntries(merged);
  };
}

/** The value of a field once both changes are made; of a conflict there is none. */
export function outcomeOf({ change, theirs, yours, merged }: FieldComparison) {
  if (change === "merged") return merged;
  return change === "yours" ? yours : theirs;
}

function changesOfSet(
  from: readonly JsonValue[],
  to: readonly JsonValue[],
): { readonly added: readonly JsonValue[]; readonly removed: ReadonlySet<string> } {
  const before = new Set(from.map(canonicalJson));
  const after = new Set(to.map(canonicalJson));
  return {
    added: to.filter((item) => !before.has(canonicalJson(item))),
    removed: new Set([...before].filter((item) => !after.has(item))),
  };
}

function isEqual(a: JsonValue | undefined, b: JsonValue | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a === b || canonicalJson(a) === canonicalJson(b);
}

/** Its own, since `constructor` and the like are names as good as any. */
function memberOf(record: JsonObject, name: string): JsonValue | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

function isRecord(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function definedSides(sides: Sides): Partial<Pick<FieldComparison, keyof Sides>> {
  return Object.fromEntries(Object.entries(sides).filter(([, value]) => value !== undefined));
}
