import type { SkillAnswer, SkillCall } from "../linearizability/skill-model.ts";
import type {
  AppendOutcome,
  NewVersion,
  SkillStore,
  StoredVersion,
} from "../../store/skill-store.ts";
import { historyNow } from "./history-file.ts";
import type { HistoryRecorder } from "./history-file.ts";
import { outcomeOf } from "./outcome-of.ts";
import { recordRead, recordWrite } from "./record-call.ts";

/**
 * The same store, whose writes and reads of current versions and histories are recorded. Each read of
 * many skills counts as one of every skill it was asked for.
 */
export function recordStore(store: SkillStore, recorder: HistoryRecorder): SkillStore {
  return {
    append(version) {
      const call = callOf(version);
      return recordWrite(recorder, version.id, call, () => store.append(version), made);
    },
    async appendMany(versions) {
      const ends = versions.map((each) => recorder.begin(each.id, callOf(each)));
      try {
        const outcomes = await store.appendMany(versions);
        for (const [index, end] of ends.entries()) {
          const outcome = outcomes[index];
          if (outcome !== undefined) end(appendAnswer(outcome));
        }
        return outcomes;
      } catch (error) {
        for (const end of ends) end(outcomeOf(error));
        throw error;
      }
    },
    find(id, at) {
      if (at?.version !== undefined || at?.asOf !== undefined) return store.find(id, at);
      return recordRead(recorder, id, { op: "get" }, () => store.find(id), seen);
    },
    async findMany(ids) {
      const calledAt = historyNow();
      const found = await store.findMany(ids);
      for (const id of new Set(ids))
        recorder.observed(id, { op: "get" }, calledAt, seen(found.find((each) => each.id === id)));
      return found;
    },
    history: (id) =>
      recordRead(
        recorder,
        id,
        { op: "history" },
        () => store.history(id),
        (versions) => ({
          kind: "contents",
          contents: versions.map(({ contentHash }) => contentHash),
        }),
      ),
    setStatus(id, change) {
      const call: SkillCall = {
        op: "status",
        status: change.status,
        expected: change.expectedVersion,
      };
      return recordWrite(recorder, id, call, () => store.setStatus(id, change), version);
    },
    remove(id, expected) {
      const call = { op: "remove", expected } as const;
      return recordWrite(recorder, id, call, () => store.remove(id, expected), version);
    },
    async list(filter) {
      const calledAt = historyNow();
      const summaries = await store.list(filter);
      // Which others were left out, and why, the list does not tell.
      for (const { id, version, status } of summaries)
        recorder.observed(id, { op: "get" }, calledAt, { kind: "version", version, status });
      return summaries;
    },
    facets: (filter) => store.facets(filter),
    findAlike: (wanted, limit) => store.findAlike(wanted, limit),
    dependents: (id, limit) => store.dependents(id, limit),
    counts: () => store.counts(),
    revision: () => store.revision(),
    changesSince: (revision, limit) => store.changesSince(revision, limit),
    close: () => store.close(),
  };
}

function callOf({ contentHash, expectedVersion, status }: NewVersion): SkillCall {
  return { op: "add", content: contentHash, expected: expectedVersion, status };
}

function version({ version }: { readonly version: number }): SkillAnswer {
  return { kind: "version", version };
}

function made(appended: {
  readonly version: number;
  readonly contentHash: string;
  readonly created: boolean;
}): SkillAnswer {
  const { version, contentHash, created } = appended;
  return { kind: "version", version, content: contentHash, created };
}

function seen(found: StoredVersion | undefined): SkillAnswer {
  if (found === undefined) return { kind: "absent" };
  const { version, contentHash, status } = found;
  return { kind: "version", version, content: contentHash, status };
}

function appendAnswer(outcome: AppendOutcome): SkillAnswer {
  return outcome.ok ? made(outcome.appended) : { kind: "conflict", actual: outcome.actual };
}
