import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { draftOf } from "../../../test/support/draft-of.ts";
import { temporaryLibrary } from "../../../test/support/temporary-library.ts";
import type { TemporaryLibrary } from "../../../test/support/temporary-library.ts";
import type { JsonValue } from "../../base/json.ts";
import type { Execution } from "../../skill/execution.ts";
import type { ExecuteOptions } from "./execute-options.ts";
import type { Tool, ToolCall } from "../options.ts";

class QuotaError extends Error {
  readonly code = "E_QUOTA";
  constructor() {
    super("the quota is used up");
    this.name = "QuotaError";
  }
}

const calls: { readonly args: JsonValue; readonly call: ToolCall }[] = [];
let onStuck: (call: ToolCall) => void = () => undefined;

const tools: Record<string, Tool> = {
  record: (args, call) => {
    calls.push({ args, call });
    return { got: args };
  },
  later: async (args) => {
    await new Promise(setImmediate);
    return [args];
  },
  nothing: () => undefined,
  quota: () => {
    throw new QuotaError();
  },
  rejects: () => Promise.reject(new TypeError("late")),
  "throws-text": () => {
    throw "plain text";
  },
  "throws-nothing-printable": () => {
    throw Object.create(null);
  },
  answers: (args) => {
    const answers: Record<string, () => unknown> = {
      function: () => () => 1,
      bigint: () => ({ n: 1n }),
      cycle: () => {
        const cycle: unknown[] = [];
        cycle.push(cycle);
        return cycle;
      },
      date: () => new Date(0),
      getter: () => ({
        get broken(): string {
          throw new Error("getter");
        },
      }),
    };
    return answers[args as string]?.() as JsonValue;
  },
  stuck: (_, call) =>
    new Promise<never>((_resolve, reject) => {
      call.signal.addEventListener("abort", () => reject(new Error("aborted")));
      onStuck(call);
    }),
  forbidden: () => "must not be reached",
};

let temporary: TemporaryLibrary;
let added = 0;

beforeAll(async () => {
  const allowed = [...Object.keys(tools), "unoffered"].filter((name) => name !== "forbidden");
  temporary = await temporaryLibrary({ embedder: false, tools, policy: { tools: allowed } });
});
afterAll(() => temporary[Symbol.asyncDispose]());

async function run(
  body: string,
  declared: readonly string[],
  options: ExecuteOptions = {},
): Promise<Execution> {
  const id = `skill-${++added}`;
  await temporary.library.add(draftOf(id, body, { capabilities: { tools: declared } }), {
    validate: false,
  });
  return temporary.library.execute(id, {}, options);
}

/** What the skill catches when it calls. */
async function caught(call: string, declared: readonly string[]): Promise<unknown> {
  const execution = await run(
    `try { return { value: await ${call} }; } catch (e) { return { name: e.name, message: e.message, code: e.code, stack: e.stack }; }`,
    declared,
  );
  return execution.unwrap();
}

describe("tools", () => {
  test("are called with the arguments as JSON and with what they may know of the run", async () => {
    const execution = await run(
      "return await host.tool('record', { a: [1, null, 'é'], gone: undefined });",
      ["record"],
      { timeoutMs: 5000 },
    );
    expect(execution.unwrap()).toEqual({ got: { a: [1, null, "é"] } });
    expect(execution.hostCalls).toBe(1);
    const { args, call } = calls.at(-1) ?? expect.unreachable();
    expect(args).toEqual({ a: [1, null, "é"] });
    expect(call).toEqual({
      runId: execution.runId,
      skillId: execution.skillId,
      signal: expect.any(AbortSignal),
      remainingMs: expect.any(Number),
    });
    expect(call.remainingMs).toBeGreaterThan(0);
    expect(call.remainingMs).toBeLessThanOrEqual(5000);
  });

  test("may answer later, or with nothing, which is null", async () => {
    const execution = await run(
      "return [await host.tool('later', 1), await host.tool('nothing'), await host.tool('record')];",
      ["later", "nothing", "record"],
    );
    expect(execution.unwrap()).toEqual([[1], null, { got: null }]);
  });

  test("that fail give an error with name, message and code, and nothing of the host's stack", async () => {
    for (const [tool, error] of [
      ["quota", { name: "QuotaError", message: "the quota is used up", code: "E_QUOTA" }],
      ["rejects", { name: "TypeError", message: "late" }],
      ["throws-text", { name: "Error", message: "plain text" }],
    ] as const) {
      const seen = (await caught(`host.tool('${tool}')`, [tool])) as { stack: string };
      expect(seen).toEqual({ ...error, stack: expect.any(String) });
      expect(seen.stack).not.toMatch(/node:|file:|\.test\.ts|node_modules/);
      expect(seen.stack).toMatch(/skill-\d+@1\.js:2/);
    }
  });

  test("that throw what can not even be printed still give an error that says so", async () => {
    expect(
      await caught("host.tool('throws-nothing-printable')", ["throws-nothing-printable"]),
    ).toMatchObject({
      name: "Error",
      message: 'Tool "throws-nothing-printable" failed with something that is not an error',
    });
  });

  test("that fail end the run as an error at the calling line when nothing catches it", async () => {
    expect(await run("  await null;\n  await host.tool('quota');", ["quota"])).toMatchObject({
      status: "error",
      error: { name: "QuotaError", message: "the quota is used up", code: "E_QUOTA", line: 3 },
    });
  });

  test("that answer what is not JSON give a TypeError that says what it was", async () => {
    const answers = ["function", "bigint", "cycle", "date", "getter"];
    const seen = await Promise.all(
      answers.map((answer) => caught(`host.tool('answers', '${answer}')`, ["answers"])),
    );
    const answered = 'Tool "answers" answered with something that is not JSON: ';
    expect(
      seen.map((error) => {
        const { name, message } = error as { name: string; message: string };
        return [name, message];
      }),
    ).toEqual([
      ["TypeError", `${answered}a function`],
      ["TypeError", `${answered}a BigInt at n`],
      ["TypeError", `${answered}a cycle at [0]`],
      ["TypeError", `${answered}an instance of Date`],
      ["TypeError", `${answered}something that can not be read`],
    ]);
  });

  test("see their signal abort when the run reaches its deadline", async () => {
    const aborted = Promise.withResolvers<void>();
    onStuck = ({ signal }) => signal.addEventListener("abort", () => aborted.resolve());
    const execution = await run("await host.tool('stuck');", ["stuck"], { timeoutMs: 150 });
    expect(execution).toMatchObject({ status: "timeout", hostCalls: 1 });
    await aborted.promise;
  });

  test("see their signal abort when the run is cancelled", async () => {
    const abort = new AbortController();
    const aborted = Promise.withResolvers<void>();
    onStuck = ({ signal }) => {
      signal.addEventListener("abort", () => aborted.resolve());
      abort.abort();
    };
    const execution = await run("await host.tool('stuck');", ["stuck"], { signal: abort.signal });
    expect(execution.status).toBe("cancelled");
    await aborted.promise;
  });
});

describe("denials", () => {
  test("name the tool, the reason and the remedy; each reason has its own", async () => {
    const runs = [
      await run("await host.tool('record');", []),
      await run("await host.tool('forbidden');", ["forbidden"]),
      await run("await host.tool('unoffered');", ["unoffered"]),
    ];
    expect(runs.map(({ status, error }) => [status, error?.name, error?.code])).toEqual(
      runs.map(() => ["denied", "CapabilityError", "denied"]),
    );
    expect(runs.map(({ error }) => error?.capability)).toEqual([
      { kind: "tool", name: "record" },
      { kind: "tool", name: "forbidden" },
      { kind: "tool", name: "unoffered" },
    ]);
    expect(runs.map(({ error }) => error?.message)).toEqual([
      'Tool "record" is not declared by the skill; add it to `capabilities.tools` of the draft',
      'Tool "forbidden" is not granted: the host\'s policy does not have it; add it to `policy.tools`',
      'Tool "unoffered" is not offered by this host; pass it to `openLibrary({ tools })`',
    ]);
  });

  test("can be caught, and the skill goes on", async () => {
    const execution = await run(
      "try { await host.tool('record'); } catch (e) { return [e.name, e.code]; }",
      [],
    );
    expect([execution.status, execution.value]).toEqual(["ok", ["CapabilityError", "denied"]]);
  });

  test("meet names that objects inherit, declared or not", async () => {
    const names = ["__proto__", "constructor", "toString", "hasOwnProperty", "valueOf"];
    for (const declared of [[], names]) {
      const runs = await Promise.all(
        names.map((name) => run(`await host.tool(${JSON.stringify(name)});`, declared)),
      );
      expect(runs.map(({ status }) => status)).toEqual(names.map(() => "denied"));
    }
  });

  test("meet every fetch where no policy lends the network", async () => {
    const id = `skill-${++added}`;
    await temporary.library.add(
      draftOf(id, "return await host.fetch('https://example.com/x');", {
        capabilities: { fetch: ["https://example.com"] },
      }),
      { validate: false },
    );
    expect(await temporary.library.execute(id)).toMatchObject({
      status: "denied",
      error: {
        capability: { kind: "fetch", name: "https://example.com" },
        message:
          "Fetching from https://example.com is not granted: the host's policy does not have it; add it to `policy.fetch.origins`",
      },
    });
  });

  test("without a policy every declared tool of the host is granted", async () => {
    await using open = await temporaryLibrary({ embedder: false, tools });
    const draft = draftOf("calls", "return await host.tool('forbidden');", {
      capabilities: { tools: ["forbidden"] },
    });
    await open.library.add(draft, { validate: false });
    expect((await open.library.execute("calls")).unwrap()).toBe("must not be reached");
  });
});
