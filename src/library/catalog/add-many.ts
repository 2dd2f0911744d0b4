/** Many drafts at once: checked side by side, committed in order, and a bad one never spoils the rest. */
import { RepertoireError } from "../../base/errors.ts";
import type { Fence } from "../../base/fence.ts";
import type { Limits } from "../../base/limits.ts";
import { conflictOf } from "../../store/conflict-of.ts";
import type {
  AppendOutcome,
  ExpectedVersion,
  NewVersion,
  SkillStore,
} from "../../store/skill-store.ts";
import { asRepertoireError, checkItems, idOf } from "../batch-items.ts";
import { mapBounded } from "../bounded.ts";
import { checkExpected, checkInteger, checkKnownOptions } from "../check-options.ts";
import type { Neighbours } from "../retrieval/neighbours.ts";
import { addResult } from "./add-result.ts";
import type { AddResult } from "./catalog-options.ts";
import type { DraftPreparer, PreparedDraft } from "./draft-preparer.ts";
import { duplicateError } from "./duplicates.ts";
import { conflictExplainer } from "./explain-conflict.ts";
import type { ExplainConflict } from "./explain-conflict.ts";

/** Drafts prepared, committed and reported together. */
const CHUNK = 64;
/** Of these, what one transaction holds: the event loop, and every other process, waits while it is written. */
const PART_DRAFTS = 16;
const PART_CHARACTERS = 512 * 1024;

/** What came of one draft of a batch. */
export type AddOutcome =
  | ({ readonly ok: true; readonly index: number } & AddResult)
  | {
      readonly ok: false;
      readonly index: number;
      /** The draft's id, when it could be read. */
      readonly id: string | undefined;
      readonly error: RepertoireError;
    };

export interface AddManyOptions {
  /** As for `add`, for every draft, or a list with one for each of them, in order (default: 0). */
  readonly expectedVersion?: ExpectedVersion | readonly (ExpectedVersion | undefined)[];
  /** Whether to run the examples (default: true). */
  readonly validate?: boolean;
  readonly author?: string;
  readonly message?: string;
  /** As for `add`, for every draft. */
  readonly lease?: Fence;
  /** Drafts checked at once (default: 10). */
  readonly maxConcurrent?: number;
  /** Stops before the next chunk, and waiting for other writers; drafts not yet committed end with `CANCELLED`. */
  readonly signal?: AbortSignal;
  /** Receives each outcome as soon as it is committed, in order; drafts are committed up to 64 at a time. */
  readonly onResult?: (outcome: AddOutcome) => void;
}

export interface AddManyParts {
  readonly preparer: DraftPreparer;
  readonly neighbours: Neighbours;
  readonly duplicates: "warn" | "refuse";
  readonly store: SkillStore;
  readonly limits: Limits;
}

export async function addMany(
  parts: AddManyParts,
  drafts: readonly unknown[],
  options: AddManyOptions = {},
): Promise<readonly AddOutcome[]> {
  checkKnownOptions("addMany", options, [
    "expectedVersion",
    "validate",
    "author",
    "message",
    "lease",
    "maxConcurrent",
    "signal",
    "onResult",
  ]);
  checkInteger("maxConcurrent", options.maxConcurrent, 1, 1000);
  checkItems("drafts", drafts, parts.limits.batchItems);
  const {
    onResult,
    maxConcurrent = parts.limits.maxConcurrent,
    expectedVersion,
    ...addOptions
  } = options;
  const expectedOf = expectedVersions(expectedVersion, drafts.length);
  const explain = conflictExplainer(parts.store, CONFLICTS_EXPLAINED);
  const outcomes: AddOutcome[] = [];
  for (let start = 0; start < drafts.length;) {
    const chunk = drafts.slice(start, endOfChunk(drafts, start));
    const prepared = await mapBounded(chunk, maxConcurrent, (draft, at) =>
      prepare(() =>
        parts.preparer.prepare(
          draft,
          { ...addOptions, expectedVersion: expectedOf(start + at) },
          explain,
        ),
      ),
    );
    const fresh = parts.duplicates === "refuse" ? refuseRepeats(prepared) : prepared;
    const committed = await commit(parts.store, chunk, fresh, {
      start,
      explain,
      signal: options.signal,
    });
    for (const outcome of await annotate(parts.neighbours, fresh, committed)) {
      outcomes.push(outcome);
      onResult?.(outcome);
    }
    start += chunk.length;
  }
  return outcomes;
}

/** Conflicts of one batch that are told with what changed: a hundred tell what went wrong. */
const CONFLICTS_EXPLAINED = 100;

/** What is expected of each draft. */
function expectedVersions(
  given: AddManyOptions["expectedVersion"],
  count: number,
): (index: number) => ExpectedVersion {
  if (!Array.isArray(given)) {
    const every = checkExpected(given, 0);
    return () => every;
  }
  if (given.length !== count)
    throw new RepertoireError(
      "INVALID_INPUT",
      `Expected \`expectedVersion\` to have one entry for each of the ${count} drafts, got ${given.length}`,
      { details: { option: "expectedVersion" } },
    );
  const each = given.map((expected) => checkExpected(expected, 0));
  return (index) => each[index] ?? 0;
}

/** A draft that declares a skill of the same chunk begins the next one, so that it finds it stored. */
function endOfChunk(drafts: readonly unknown[], start: number): number {
  const ids = new Set<string | undefined>();
  for (let end = start; end < Math.min(start + CHUNK, drafts.length); end++) {
    if (skillsOf(drafts[end]).some((id) => ids.has(id))) return end;
    ids.add(idOf(drafts[end]));
  }
  return start + CHUNK;
}

/** What an unchecked draft says it calls. */
function skillsOf(draft: unknown): readonly string[] {
  const { skills } = ((draft ?? {}) as { capabilities?: { skills?: unknown } }).capabilities ?? {};
  return Array.isArray(skills) ? skills : [];
}

type Prepared = PreparedDraft | { readonly failure: RepertoireError };

async function prepare(work: () => Promise<PreparedDraft>): Promise<Prepared> {
  try {
    return await work();
  } catch (error) {
    return { failure: asRepertoireError(error) };
  }
}

/** Drafts of one chunk do not find each other in the store: all but the first of the same are refused. */
function refuseRepeats(prepared: readonly Prepared[]): readonly Prepared[] {
  const seen = new Map<string, string>();
  return prepared.map((item) => {
    if ("failure" in item || item.stored) return item;
    const { id, contentHash, codeFingerprint } = item.version;
    for (const [same, hash] of [
      ["content", contentHash],
      ["code", codeFingerprint],
    ] as const) {
      const other = hash === undefined ? undefined : seen.get(`${same} ${hash}`);
      if (other !== undefined && other !== id)
        return { failure: duplicateError(id, [{ id: other, same }]) };
      if (hash !== undefined) seen.set(`${same} ${hash}`, id);
    }
    return item;
  });
}

/** Tells what the drafts just committed are easily taken for. */
async function annotate(
  neighbours: Neighbours,
  prepared: readonly Prepared[],
  outcomes: readonly AddOutcome[],
): Promise<readonly AddOutcome[]> {
  const added = outcomes.flatMap((outcome, at) => {
    const item = prepared[at];
    if (!outcome.ok || !outcome.created || item === undefined) return [];
    return "failure" in item || item.stored ? [] : [{ version: item.version, result: outcome }];
  });
  const annotated = new Map(
    (await neighbours.annotate(added)).map((result, at) => [added[at]?.result, result]),
  );
  return outcomes.map((outcome) =>
    outcome.ok ? { ...outcome, ...annotated.get(outcome) } : outcome,
  );
}

/** Parts of a chunk that are each written quickly, however large its drafts are. */
function inParts(versions: readonly NewVersion[]): readonly (readonly NewVersion[])[] {
  const parts: NewVersion[][] = [];
  let room = 0;
  for (const version of versions) {
    const { code = "", instructions = "" } = version.definition;
    const size = code.length + (version.program?.length ?? 0) + instructions.length;
    const last = parts.at(-1);
    if (last === undefined || last.length === PART_DRAFTS || size > room) {
      parts.push([version]);
      room = PART_CHARACTERS;
    } else {
      last.push(version);
    }
    room -= size;
  }
  return parts;
}

async function commit(
  store: SkillStore,
  drafts: readonly unknown[],
  prepared: readonly Prepared[],
  {
    start,
    explain,
    signal,
  }: {
    readonly start: number;
    readonly explain: ExplainConflict;
    readonly signal: AbortSignal | undefined;
  },
): Promise<AddOutcome[]> {
  const versions = prepared.flatMap((item) =>
    "failure" in item || item.stored ? [] : [item.version],
  );
  let appended: readonly AppendOutcome[] = [];
  let refusal: RepertoireError | undefined;
  try {
    for (const part of inParts(versions))
      appended = [...appended, ...(await store.appendMany(part, { signal }))];
  } catch (error) {
    // A store out of reach fails the drafts of this chunk, and says so for each of them.
    refusal = asRepertoireError(error);
  }
  let next = 0;
  const outcomes = prepared.map(async (item, at): Promise<AddOutcome> => {
    const index = start + at;
    const id = idOf(drafts[at]);
    if ("failure" in item) return { ok: false, index, id, error: item.failure };
    if (item.stored) return { ok: true, index, ...item.result };
    const outcome = appended[next++];
    if (outcome === undefined) return { ok: false, index, id, error: refusal as RepertoireError };
    if (outcome.ok) return { ok: true, index, ...addResult(outcome.appended, item) };
    const { version } = item;
    const error = await explain(conflictOf(version, outcome), version.definition);
    return { ok: false, index, id, error };
  });
  return Promise.all(outcomes);
}
