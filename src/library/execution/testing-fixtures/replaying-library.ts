import { afterAll, beforeAll, beforeEach } from "vitest";
import { draftOf } from "../../../../test/support/draft-of.ts";
import { temporaryLibrary } from "../../../../test/support/temporary-library.ts";
import type { TemporaryLibrary } from "../../../../test/support/temporary-library.ts";
import type { JsonValue } from "../../../base/json.ts";
import type { Execution } from "../../../skill/execution.ts";
import type { SkillDraft } from "../../../skill/skill.ts";
import type { ExecuteOptions } from "../execute-options.ts";

export const TOOLS = { tools: ["roll", "slow", "secret"] } as const;

let toolCalls = 0;

export const tools = {
  roll: (): JsonValue => {
    toolCalls++;
    return Math.random();
  },
  slow: (): Promise<JsonValue> => new Promise(() => undefined),
  secret: (): JsonValue => "hunter2",
};

export interface ReplayingLibrary {
  /** There from the first test to the last. */
  readonly opened: () => TemporaryLibrary;
  /** Calls of `roll` by the test so far. */
  readonly toolCalls: () => number;
  /** Adds a skill of this body. */
  put(body: string, id?: string, more?: Partial<SkillDraft>): Promise<string>;
  /** Runs this body as a skill of its own. */
  run(body: string, context?: JsonValue, options?: ExecuteOptions): Promise<Execution>;
}

/** One library for the tests of a file. */
export function useReplayingLibrary(): ReplayingLibrary {
  let temporary: TemporaryLibrary;
  let added = 0;

  beforeAll(async () => {
    temporary = await temporaryLibrary({ embedder: false, sandbox: { workers: 2 }, tools });
  });
  afterAll(() => temporary[Symbol.asyncDispose]());
  beforeEach(() => {
    toolCalls = 0;
  });

  async function put(
    body: string,
    id = `replayed-${++added}`,
    more: Partial<SkillDraft> = {},
  ): Promise<string> {
    const draft = draftOf(id, body, { capabilities: TOOLS, ...more });
    await temporary.library.add(draft, { validate: false, expectedVersion: "any" });
    return id;
  }

  return {
    opened: () => temporary,
    toolCalls: () => toolCalls,
    put,
    run: async (body, context = {}, options = {}) =>
      temporary.library.execute(await put(body), context, options),
  };
}
