/** What a client of a stress run works on, made from a store or a library and recorded. */
import { setTimeout as wait } from "node:timers/promises";
import { RepertoireError } from "../../base/errors.ts";
import type { SkillLibrary } from "../../library/skill-library.ts";
import { contentHash } from "../../skill/content-hash.ts";
import type { SkillDefinition, SkillDraft, SkillStatus } from "../../skill/skill.ts";
import type { ExpectedVersion, SkillStore } from "../../store/skill-store.ts";
import { historyNow } from "../history/history-file.ts";
import type { HistoryRecorder } from "../history/history-file.ts";
import type { RecordedLibrary } from "../history/record-library.ts";
import { recordLibrary } from "../history/record-library.ts";
import { recordStore } from "../history/record-store.ts";
import type { StressOperation } from "./stress-plan.ts";

export interface StressSubject {
  /** Does what the operation says; whatever comes of it is in the history. */
  perform(operation: StressOperation): Promise<void>;
  close(): Promise<void>;
}

/** The calls that operations are made of; each gives the version it made or saw, 0 for none. */
interface Calls {
  get(key: string): Promise<number>;
  add(key: string, content: string, expected: ExpectedVersion): Promise<number>;
  rollback(key: string, to: number, expected: ExpectedVersion): Promise<number>;
  status(key: string, status: SkillStatus, expected: ExpectedVersion): Promise<number>;
  remove(key: string, expected: ExpectedVersion): Promise<unknown>;
  history(key: string): Promise<unknown>;
  search(key: string): Promise<unknown>;
  execute(key: string): Promise<unknown>;
  guarded(operation: Extract<StressOperation, { readonly op: "guarded" }>): Promise<unknown>;
  close(): Promise<void>;
}

const LEASE_WAIT_MS = 2000;
/** How often an update reads, merges and tries again before it leaves the field to others. */
const MAX_UPDATE_TRIES = 20;

/** A subject that works on a store; a search is a list, and a run a read. */
export function storeSubject(store: SkillStore, recorder: HistoryRecorder): StressSubject {
  const recorded = recordStore(store, recorder);
  return subjectOf({
    get: async (key) => (await recorded.find(key))?.version ?? 0,
    add: async (key, content, expectedVersion) => {
      const definition = stressDefinition(key, content);
      const hash = contentHash(definition);
      const rest = { status: "active", checks: [], program: definition.code ?? "" } as const;
      return (
        await recorded.append({ id: key, definition, contentHash: hash, expectedVersion, ...rest })
      ).version;
    },
    async rollback(key, version, expectedVersion) {
      const target = await store.find(key, { version });
      if (target === undefined) return 0;
      const definition = stressDefinition(key, target.metadata["content"] as string);
      const hash = target.contentHash;
      const rest = { status: "active", checks: [], program: definition.code ?? "" } as const;
      return (
        await recorded.append({ id: key, definition, contentHash: hash, expectedVersion, ...rest })
      ).version;
    },
    status: async (key, status, expectedVersion) =>
      (await recorded.setStatus(key, { status, expectedVersion })).version,
    remove: (key, expected) => recorded.remove(key, expected),
    history: (key) => recorded.history(key),
    search: (key) => recorded.list({ ids: [key], status: "active", limit: 1 }),
    execute: (key) => recorded.findMany([key]),
    guarded: ({ key, content }) =>
      Promise.reject(
        new RepertoireError(
          "INVALID_INPUT",
          `A store has no leases to add ${content} to ${key} under`,
        ),
      ),
    close: () => recorded.close(),
  });
}

/** A subject that works on a library, with its search and its sandbox. */
export function librarySubject(library: SkillLibrary, recorder: HistoryRecorder): StressSubject {
  const recorded = recordLibrary(library, recorder, { searched: (query) => query.split(" ") });
  return subjectOf({
    get: async (key) => (await recorded.get(key))?.version ?? 0,
    add: async (key, content, expectedVersion) =>
      (await recorded.add(stressDraft(key, content), { expectedVersion, validate: false })).version,
    rollback: async (key, to, expectedVersion) =>
      (await recorded.rollback(key, to, { expectedVersion })).version,
    status: async (key, status, expectedVersion) =>
      (await recorded.setStatus(key, status, { expectedVersion })).version,
    remove: (key, expectedVersion) => recorded.remove(key, { expectedVersion }),
    history: (key) => recorded.getVersionHistory(key),
    search: (key) => recorded.search(key, { limit: 50 }),
    execute: async (key) => {
      const { status, value, version } = await recorded.execute(key, {});
      // The code of a version answers with its content; another answer is another version's code.
      const content = (await library.get(key, { version }))?.metadata["content"];
      if (status === "ok" && value !== content)
        throw new Error(
          `Version ${version} of ${key} answered ${JSON.stringify(value)} instead of ${JSON.stringify(content)}`,
        );
    },
    guarded: (operation) => guardedAdd(library, recorded, recorder, operation),
    close: () => recorded.close(),
  });
}

/**
 * Takes the lock of the skill, holds it for a while, perhaps for too long, and adds a version that is
 * refused once the lease has passed to somebody else.
 */
async function guardedAdd(
  library: SkillLibrary,
  recorded: RecordedLibrary,
  recorder: HistoryRecorder,
  { key, content, holdMs, ttlMs }: Extract<StressOperation, { readonly op: "guarded" }>,
): Promise<void> {
  const calledAt = historyNow();
  const lease = await library.locks.acquire(`stress ${key}`, { ttlMs, waitMs: LEASE_WAIT_MS });
  recorder.observed(key, { op: "acquire" }, calledAt, { kind: "lease", token: `${lease.token}` });
  try {
    await wait(holdMs);
    await recorded.add(stressDraft(key, content), {
      expectedVersion: "any",
      validate: false,
      lease,
    });
  } finally {
    await lease.release();
  }
}

/** Whether the library's writes can be guarded by leases that other processes respect. */
export async function hasGuardedWrites(library: SkillLibrary): Promise<boolean> {
  await using lease = await library.locks.acquire("stress");
  const options = { expectedVersion: "any", validate: false, lease } as const;
  try {
    await library.add(stressDraft("stress-guarded", "one"), options);
    return true;
  } catch {
    // An option that it does not know.
    return false;
  }
}

/** A skill that is found by its id, answers with its content, and differs with it alone. */
export function stressDraft(key: string, content: string): SkillDraft {
  const {
    capabilities: _,
    examples: __,
    limits: ___,
    ...definition
  } = stressDefinition(key, content);
  return { id: key, ...definition };
}

function stressDefinition(key: string, content: string): SkillDefinition {
  return {
    name: `Stressed ${key}`,
    description: `The skill ${key} under stress`,
    category: "general",
    tags: [],
    language: "javascript",
    code: `export default () => ${JSON.stringify(content)};`,
    capabilities: { tools: [], skills: [], fetch: [] },
    examples: [],
    limits: {},
    metadata: { content },
  };
}

function subjectOf(calls: Calls): StressSubject {
  /** The version of each skill that this client saw last. */
  const seen = new Map<string, number>();

  const expected = (key: string, expect: "seen" | "old" | "any" | "absent"): ExpectedVersion => {
    const last = seen.get(key) ?? 0;
    if (expect === "seen") return last;
    if (expect === "old") return Math.max(0, last - 1);
    return expect === "absent" ? 0 : expect;
  };

  const update = async (key: string, content: string): Promise<void> => {
    for (let tries = 0; tries < MAX_UPDATE_TRIES; tries++) {
      const version = await calls.get(key);
      try {
        seen.set(key, await calls.add(key, content, version));
        return;
      } catch (error) {
        if (!isCode(error, "VERSION_CONFLICT")) throw error;
      }
    }
  };

  const perform = async (operation: StressOperation): Promise<void> => {
    const { op, key } = operation;
    switch (op) {
      case "get":
        seen.set(key, await calls.get(key));
        return;
      case "add":
        seen.set(key, await calls.add(key, operation.content, expected(key, operation.expect)));
        return;
      case "update":
        return update(key, operation.content);
      case "rollback": {
        const to = Math.max(1, (seen.get(key) ?? 0) - operation.back);
        const version = await calls.rollback(key, to, expected(key, operation.expect));
        if (version > 0) seen.set(key, version);
        return;
      }
      case "status":
        await calls.status(key, operation.status, expected(key, operation.expect));
        return;
      case "guarded":
        await calls.guarded(operation);
        return;
      case "remove":
        await calls.remove(key, expected(key, operation.expect));
        return;
      default:
        await calls[op](key);
    }
  };

  return {
    async perform(operation) {
      try {
        await perform(operation);
      } catch (error) {
        // Every way in which a library or a store may refuse is in the history.
        if (!(error instanceof RepertoireError) || error.code === "INTERNAL") throw error;
      }
    },
    close: calls.close,
  };
}

function isCode(error: unknown, code: RepertoireError["code"]): boolean {
  return error instanceof RepertoireError && error.code === code;
}
