/** Properties of the bridge: any data passes it unchanged, and anything else is refused in words. */
import fc from "fast-check";
import { contractSuite, test } from "../../testing/contract/contract-suite.ts";
import type { ContractSuite } from "../../testing/contract/contract-suite.ts";
import { expect } from "../../testing/contract/expect.ts";
import { mainOf, useRunner } from "./program-runner.contract.ts";
import { guestValue } from "./guest-values.contract.ts";
import type { GuestValue } from "./guest-values.contract.ts";
import type { JsonValue } from "../../base/json.ts";
import type { HostCallReply, SandboxOutcome } from "../sandbox.ts";
import type { CreateSandbox } from "./program-runner.contract.ts";

const RUNS = { numRuns: 40 };

/** Any UTF-16, halves of pairs included. */
const text = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)) }),
  fc.constantFrom(
    "__proto__",
    "constructor",
    "toJSON",
    "then",
    "\ufeff",
    "\u2028",
    "\ud800",
    "\u0000",
  ),
);

const number = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(0, -0, 1e308, -1e308, 5e-324, 2 ** 53, 2 ** 64, -(2 ** 63), 0.1),
);

/** JSON text as some other program could have written it. */
const json = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 6, depthIdentifier: "json" },
    fc.constantFrom("null", "true", "false"),
    number.map((value) => (Object.is(value, -0) ? "-0" : String(value))),
    text.map((value) => JSON.stringify(value)),
    fc
      .array(tie("value"), { maxLength: 6, depthIdentifier: "json" })
      .map((items) => `[${items.join()}]`),
    fc
      .array(fc.tuple(text, tie("value")), { maxLength: 6, depthIdentifier: "json" })
      .map(
        (members) => `{${members.map(([key, value]) => `${JSON.stringify(key)}:${value}`).join()}}`,
      ),
  ),
})).value;

const shaped = fc.oneof(
  { weight: 8, arbitrary: json },
  {
    weight: 1,
    arbitrary: fc
      .integer({ min: 1, max: 250 })
      .map((depth) => "[".repeat(depth) + "]".repeat(depth)),
  },
  {
    weight: 1,
    arbitrary: fc
      .integer({ min: 1, max: 3000 })
      .map((width) => `[${Array(width).fill('{"a":1}').join()}]`),
  },
);

/** What JSON itself makes of the text. */
function normal(jsonText: string): string {
  return JSON.stringify(JSON.parse(jsonText));
}

export function bridgeContract(create: CreateSandbox): ContractSuite {
  return contractSuite("bridge properties", () => {
    const { run } = useRunner(create);

    test("JSON passes context, arguments, answers and result unchanged", async () => {
      await fc.assert(
        fc.asyncProperty(shaped, shaped, async (contextJson, answerJson) => {
          const asked: string[] = [];
          const outcome = await run(
            mainOf(
              "return [context, await host.tool('t', context), await host.skill('s', context, { a: context })];",
            ),
            {
              contextJson,
              async onHostCall({ args, options }) {
                asked.push(JSON.stringify(args), JSON.stringify(options));
                return { ok: true, value: JSON.parse(answerJson) as JsonValue };
              },
            },
          );
          const [context, answer] = [normal(contextJson), normal(answerJson)];
          expect(outcome.valueJson).toBe(`[${[context, answer, answer].join()}]`);
          expect(asked).toEqual([context, undefined, context, `{"a":${context}}`]);
        }),
        RUNS,
      );
    });

    test("names that are text arrive as they are, and all others are refused", async () => {
      await fc.assert(
        fc.asyncProperty(text, fc.constantFrom("tool", "skill", "fetch"), async (name, kind) => {
          const names: string[] = [];
          const outcome = await run(
            mainOf(
              `try { await host.${kind}(context); return "sent"; } catch (e) { return e.name; }`,
            ),
            {
              contextJson: JSON.stringify(name),
              async onHostCall(call) {
                names.push(call.name);
                return { ok: true, value: null };
              },
            },
          );
          expect([outcome.valueJson, names]).toEqual(
            name.isWellFormed() ? ['"sent"', [name]] : ['"TypeError"', []],
          );
        }),
        RUNS,
      );
    });

    test("any guest value is encoded as the reference says, or refused in words", async () => {
      await fc.assert(
        fc.asyncProperty(guestValue, async ({ source, expected }) => {
          const outcome = await run(mainOf(`return ${source};`));
          expectReferenced(outcome, expected);
        }),
        { numRuns: 150 },
      );
    });

    test("any guest value as argument arrives as the reference says, or rejects the call alone", async () => {
      await fc.assert(
        fc.asyncProperty(guestValue, async ({ source, expected }) => {
          const arrived: string[] = [];
          const outcome = await run(
            mainOf(
              `let v; try { v = ${source}; } catch { return "unmade"; } try { await host.tool('t', v); return "sent"; } catch (e) { return "refused"; }`,
            ),
            {
              async onHostCall({ args }) {
                arrived.push(JSON.stringify(args));
                return { ok: true, value: null };
              },
            },
          );
          if (expected.kind === "json")
            expect([outcome.valueJson, arrived]).toEqual(['"sent"', [expected.json]]);
          else expect([outcome.valueJson, arrived]).toEqual(['"refused"', []]);
        }),
        { numRuns: 100 },
      );
    });

    test("anything can be logged and thrown", async () => {
      await fc.assert(
        fc.asyncProperty(guestValue, async ({ source }) => {
          const outcome = await run(
            mainOf(`const v = ${source}; console.log(v, [v], { v }); throw v;`),
          );
          expect(outcome.status).toBe("error");
          expect(outcome.logs.length).toBe(1);
          expect(JSON.stringify(outcome).length).toBeLessThan(100_000);
        }),
        { numRuns: 100 },
      );
    });

    test("any answer of a host, right or wrong, settles the call and nothing else", async () => {
      await fc.assert(
        fc.asyncProperty(hostAnswer, async (answer) => {
          const outcome = await run(
            mainOf(
              "try { await host.tool('t'); return 'answered'; } catch (e) { return [typeof e.name, typeof e.message, e instanceof Error]; }",
            ),
            { onHostCall: answer, limits: { timeoutMs: 5000 } },
          );
          expect(['"answered"', '["string","string",true]']).toContain(outcome.valueJson);
        }),
        { numRuns: 100 },
      );
      expect((await run(mainOf("return 1;"))).valueJson).toBe("1");
    });

    test("hosts that never answer, and many of them, do not use up the pool", async () => {
      const outcomes = await Promise.all(
        Array.from({ length: 24 }, () =>
          run(mainOf("await host.tool('t');"), {
            limits: { timeoutMs: 200 },
            onHostCall: () => new Promise<never>(() => {}),
          }),
        ),
      );
      expect(outcomes.map(({ status }) => status)).toEqual(Array(24).fill("timeout"));
      expect((await run(mainOf("return 1;"))).valueJson).toBe("1");
    });
  });
}

function expectReferenced(
  { status, valueJson, error }: SandboxOutcome,
  expected: GuestValue["expected"],
): void {
  if (expected.kind === "json") {
    expect([status, valueJson]).toEqual(["ok", expected.json]);
    return;
  }
  expect(["invalid-result", "error"]).toContain(status);
  expect(error?.message.length).toBeGreaterThan(0);
  expect(JSON.stringify(error).length).toBeLessThan(32_768);
}

const wrong = fc.oneof(
  fc.constantFrom<unknown>(
    undefined,
    null,
    0,
    "",
    "ok",
    true,
    1n,
    Symbol("s"),
    () => 1,
    [],
    {},
    new Map(),
    new Date(NaN),
    { ok: true },
    { ok: false },
    { ok: false, error: null },
    { ok: false, error: 5 },
    { ok: "yes", value: 1 },
    { ok: true, value: undefined },
    { ok: true, value: () => 1 },
    { ok: true, value: 1n },
    { ok: true, value: Symbol("s") },
    { ok: true, value: NaN },
    { ok: false, error: { name: 1, message: {}, code: [], denied: "yes" } },
    { ok: true, value: "x".repeat(20_000_000) },
  ),
  fc.anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withNullPrototype: true,
    withObjectString: true,
    withSparseArray: true,
    withTypedArray: true,
  }),
  fc.anything({ withBigInt: true, withSet: true }).map((value) => ({ ok: true, value })),
  fc.record({
    ok: fc.constant(false),
    error: fc.record({ name: fc.anything(), message: fc.anything(), code: fc.anything() }),
  }),
);

const hostAnswer = fc.oneof(
  wrong.map((reply) => async () => reply as HostCallReply),
  wrong.map((reply) => () => reply as Promise<HostCallReply>),
  wrong.map((reason) => async (): Promise<HostCallReply> => {
    throw reason;
  }),
  fc.constantFrom<() => Promise<HostCallReply>>(
    () => {
      throw new Error("at once");
    },
    async () => {
      const value: Record<string, unknown> = {};
      value["self"] = value;
      return { ok: true, value: value as never };
    },
    async () =>
      ({
        get ok(): boolean {
          throw new Error("read");
        },
      }) as never,
    async () => ({
      ok: true,
      value: {
        toJSON: () => {
          throw new Error("written");
        },
      } as never,
    }),
    async () =>
      new Proxy(
        {},
        {
          get: () => {
            throw new Error("trap");
          },
        },
      ) as never,
  ),
);
