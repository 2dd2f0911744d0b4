import type { JsonValue } from "../../base/json.ts";
import type { SkillLibrary } from "../../library/skill-library.ts";
import { contentHash } from "../../skill/content-hash.ts";
import { draftParser } from "../../skill/parse-draft.ts";
import type { SkillAnswer, SkillCall } from "../linearizability/skill-model.ts";
import { historyNow } from "./history-file.ts";
import type { HistoryRecorder } from "./history-file.ts";
import { outcomeOf } from "./outcome-of.ts";
import { recordRead, recordWrite } from "./record-call.ts";

export type RecordedLibrary = Pick<
  SkillLibrary,
  | "add"
  | "get"
  | "rollback"
  | "setStatus"
  | "remove"
  | "execute"
  | "search"
  | "getVersionHistory"
  | "close"
>;

export interface RecordLibraryOptions {
  /**
   * Ids of the skills that a search for these words finds whenever they are active, so that not
   * finding one is an observation too (default: none).
   */
  readonly searched?: (query: string) => readonly string[];
}

/** The same library, whose calls are recorded; calls it does not have are not for histories. */
export function recordLibrary(
  library: RecordedLibrary,
  recorder: HistoryRecorder,
  { searched = () => [] }: RecordLibraryOptions = {},
): RecordedLibrary {
  const parse = draftParser();
  return {
    add(draft, options) {
      // A draft that can not be parsed is refused, and tells nothing of any skill.
      const parsed = parsedOrNothing(parse, draft);
      if (parsed === undefined) return library.add(draft, options);
      const call: SkillCall = {
        op: "add",
        content: contentHash(parsed.definition),
        expected: options?.expectedVersion ?? 0,
        status: parsed.status,
        ...tokenOf(options),
      };
      return recordWrite(recorder, parsed.id, call, () => library.add(draft, options), made);
    },
    rollback(id, to, options) {
      const call = { op: "rollback", to, expected: options?.expectedVersion ?? "any" } as const;
      return recordWrite(recorder, id, call, () => library.rollback(id, to, options), made);
    },
    setStatus(id, status, options) {
      const call = { op: "status", status, expected: options?.expectedVersion ?? "any" } as const;
      return recordWrite(recorder, id, call, () => library.setStatus(id, status, options), version);
    },
    remove(id, options) {
      const call = { op: "remove", expected: options?.expectedVersion ?? "any" } as const;
      return recordWrite(recorder, id, call, () => library.remove(id, options), version);
    },
    get(id, options) {
      if (options?.version !== undefined || options?.asOf !== undefined)
        return library.get(id, options);
      return recordRead(
        recorder,
        id,
        { op: "get" },
        () => library.get(id, options),
        (skill) => {
          if (skill === undefined) return { kind: "absent" };
          const { version, contentHash, status } = skill;
          return { kind: "version", version, content: contentHash, status };
        },
      );
    },
    execute(id, context: JsonValue = {}, options = {}) {
      if (options.version !== undefined) return library.execute(id, context, options);
      const run = () => library.execute(id, context, options);
      return recordRead(recorder, id, { op: "execute" }, run, ({ status, version }) =>
        status === "not-found"
          ? { kind: "absent" }
          : version > 0
            ? { kind: "version", version }
            : undefined,
      );
    },
    async search(query, options) {
      const calledAt = historyNow();
      const ids = new Set(options?.status === undefined ? searched(query) : []);
      try {
        const result = await library.search(query, options);
        for (const { id, version } of result.matches) {
          ids.delete(id);
          recorder.observed(id, { op: "search" }, calledAt, { kind: "version", version });
        }
        for (const id of ids) recorder.observed(id, { op: "search" }, calledAt, { kind: "absent" });
        return result;
      } catch (error) {
        const outcome = outcomeOf(error);
        const code = "error" in outcome ? outcome.error : outcome.kind;
        recorder.failed("", { op: "search" }, calledAt, code);
        throw error;
      }
    },
    async getVersionHistory(id) {
      const calledAt = historyNow();
      try {
        const versions = await library.getVersionHistory(id);
        const contents = versions.map(({ contentHash }) => contentHash);
        recorder.observed(id, { op: "history" }, calledAt, { kind: "contents", contents });
        return versions;
      } catch (error) {
        const outcome = outcomeOf(error);
        if ("error" in outcome) recorder.failed(id, { op: "history" }, calledAt, outcome.error);
        // An id that was never used has no versions.
        else recorder.observed(id, { op: "history" }, calledAt, { kind: "contents", contents: [] });
        throw error;
      }
    },
    close: () => library.close(),
  };
}

function parsedOrNothing(
  parse: ReturnType<typeof draftParser>,
  draft: unknown,
): ReturnType<ReturnType<typeof draftParser>> | undefined {
  try {
    return parse(draft);
  } catch {
    // The library says why.
    return undefined;
  }
}

/** The fencing token of the lease that guards a write. */
function tokenOf(options: object | undefined): { readonly token?: string } {
  const lease: unknown = options === undefined || !("lease" in options) ? undefined : options.lease;
  if (typeof lease !== "object" || lease === null || !("token" in lease)) return {};
  return { token: String(lease.token) };
}

function version({ version }: { readonly version: number }): SkillAnswer {
  return { kind: "version", version };
}

function made(added: {
  readonly version: number;
  readonly contentHash: string;
  readonly created: boolean;
}): SkillAnswer {
  const { version, contentHash, created } = added;
  return { kind: "version", version, content: contentHash, created };
}
