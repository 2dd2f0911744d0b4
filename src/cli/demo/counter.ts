/**
 * Skills that count the updates made to them, for the audit: were an update lost, the count would
 * be short. Who counts signs each count: two agents that raise the same count by one must not
 * submit the same content, because the library takes identical content for the same version.
 */
import type { JsonObject, SkillDraft } from "../../index.ts";

/** What a counter's metadata says. */
export interface CounterState {
  readonly count: number;
  /** Increments by agent. */
  readonly by: Readonly<Record<string, number>>;
}

export function counterDraft(id: string, session: string): SkillDraft {
  return {
    id,
    name: `Shared counter ${id.slice(-1)}`,
    description: "Counts the updates that several agents make to this one skill at the same time.",
    category: "demo",
    tags: ["demo", "counter"],
    code: "export default ({ step = 1 }) => step;\n",
    examples: [{ context: { step: 2 }, result: 2 }],
    metadata: { session, count: 0, by: {} },
  };
}

export function readCounter(metadata: JsonObject): CounterState {
  const { count, by } = metadata;
  return {
    count: typeof count === "number" ? count : Number.NaN,
    by: typeof by === "object" && by !== null ? (by as CounterState["by"]) : {},
  };
}

/** The metadata after `agent` has counted one more. */
export function increment(metadata: JsonObject, agent: string, operation: string): JsonObject {
  const { count, by } = readCounter(metadata);
  return {
    ...metadata,
    count: count + 1,
    by: { ...by, [agent]: (by[agent] ?? 0) + 1 },
    lastOperation: operation,
  };
}
