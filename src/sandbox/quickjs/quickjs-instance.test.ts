import fc from "fast-check";
import { expect, test } from "vitest";
import { LIMITS } from "../../base/limits.ts";
import { mainOf } from "../contract/program-runner.contract.ts";
import { loadEngine } from "./engine-binary.ts";
import { QuickJsInstance } from "./quickjs-instance.ts";
import type { Box } from "./quickjs-exports.ts";
import type { QuickJsHost } from "./quickjs-instance.ts";

/** What a guest may do before it is stopped, counted in the engine's own polls. */
const MAX_POLLS = 20;
const MAX_JOBS = 1000;

const PROGRAMS = {
  trivial: mainOf("return context;"),
  "deep recursion": mainOf("const f = (n) => 1 + f(n + 1); return f(0);"),
  "deep native recursion": mainOf("let a = []; for (let i = 0; i < 1e5; i++) a = [a]; return a;"),
  "a parser's recursion": `export default ${"(".repeat(3000)}1${")".repeat(3000)};`,
  "a regular expression's recursion": mainOf(
    "return /^(?:(a+)+|b)*$/.test('a'.repeat(300) + 'c');",
  ),
  "heap in small pieces": mainOf("const a = []; for (let i = 0; i < 2000; i++) a.push({ i });"),
  "heap in one piece": mainOf("new Uint8Array(300_000).fill(255); return 1;"),
  "an endless loop": mainOf("for (;;);"),
  "an endless promise": mainOf("for (;;) await null;"),
  "an unanswered call": mainOf("return await host.tool('a', { text: 'x'.repeat(5000) });"),
  "changed built-ins": mainOf(
    "for (const o of [Object, Array, Promise, JSON, Math, String].map((c) => c.prototype ?? c)) for (const k of Reflect.ownKeys(o)) try { o[k] = null; } catch {} delete globalThis.Promise; return 1;",
  ),
  "a thrown proxy": mainOf("throw new Proxy({}, { get() { throw 1; } });"),
  "no module": "export default (",
  "a failing import": "import 'x'; export default () => 1;",
} as const;

async function engineUnderTest() {
  const module = await loadEngine();
  let polls = 0;
  const host: QuickJsHost = {
    interrupt: () => ++polls > MAX_POLLS,
    nowMs: () => 0,
    maxTextBytes: () => LIMITS.resultBytes,
    operate: () => 0,
  };
  const { snapshot } = new QuickJsInstance(module, { ...host, interrupt: () => false });
  let engine = new QuickJsInstance(module, host, snapshot);
  /** Makes it pristine as a slot does. */
  function renew(): void {
    if (engine.grownBytes === 0) engine.reset();
    else engine = new QuickJsInstance(module, host, snapshot);
  }
  /** The result as JSON text, or what there was instead of one. */
  function run(code: string, contextJson: string): string {
    polls = 0;
    const { memoryBytes, stackBytes } = LIMITS;
    engine.limit(memoryBytes, stackBytes);
    try {
      engine.call("begin", 1, 2, 3, 4, 10, 10, 10_000, 10_000, 10_000, contextJson);
      const namespace = settled(engine.evaluateModule(code, "a@1.js"));
      if (namespace === undefined) return "no namespace";
      const value = settled(engine.call("invoke", { box: namespace }));
      if (value === undefined) return "no value";
      return engine.text(engine.call("encode", { box: value })) ?? "no text";
    } catch {
      // Its slot would replace the engine, but its memory can be restored as well.
      return "trap";
    }
  }
  function settled(promise: Box): Box | undefined {
    for (let jobs = 0; jobs < MAX_JOBS && engine.hasJobs(); jobs++) engine.runJob();
    if (!engine.isPromise(promise) || engine.promiseState(promise) !== "fulfilled")
      return undefined;
    return engine.promiseResult(promise);
  }
  return { memory: () => engine.memory, snapshot, run, renew };
}

/** Where the memory is not what the snapshot says; comparing them here costs less than in `expect`. */
function firstDifference(memory: Uint8Array, pristine: Uint8Array): number | undefined {
  if (Buffer.compare(memory, pristine) === 0) return undefined;
  const at = memory.findIndex((byte, index) => byte !== pristine[index]);
  return at < 0 ? pristine.length : at;
}

test("whatever a run did, a reset makes every byte of the memory pristine", async () => {
  const { memory, snapshot, run, renew } = await engineUnderTest();
  const size = snapshot.memory.length;
  const step = fc.record({
    program: fc.constantFrom(...Object.values(PROGRAMS)),
    contextLength: fc.nat({ max: 20_000 }),
    // What no program can do as long as the engine has no defect: writes anywhere at all.
    stray: fc.array(
      fc.record({
        at: fc.nat({ max: size - 1 }),
        byte: fc.integer({ min: 1, max: 255 }),
        length: fc.oneof(fc.constant(1), fc.nat({ max: 100_000 })),
      }),
      { maxLength: 8 },
    ),
  });
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 4 }), (steps) => {
      for (const { program, contextLength, stray } of steps) {
        run(program, JSON.stringify("x".repeat(contextLength)));
        for (const { at, byte, length } of stray) {
          memory().fill(byte, at, Math.min(size, at + length));
        }
        renew();
        expect(firstDifference(memory(), snapshot.memory)).toBe(undefined);
      }
    }),
    { numRuns: 50 },
  );
});

test("a single byte left anywhere near an edge of what was in use is cleared", async () => {
  const { memory, snapshot, renew } = await engineUnderTest();
  const edges = [0, ...snapshot.used.flatMap(({ from, to }) => [from, to]), snapshot.memory.length];
  for (const edge of edges) {
    for (
      let at = Math.max(0, edge - 130);
      at < Math.min(snapshot.memory.length, edge + 130);
      at++
    ) {
      memory()[at] = 255;
      renew();
      expect(firstDifference(memory(), snapshot.memory)).toBe(undefined);
    }
  }
});

test("a program behaves after hostile runs as it does in a new engine", async () => {
  const { memory, snapshot, run, renew } = await engineUnderTest();
  expect(run(PROGRAMS.trivial, "[1,2]")).toBe("[1,2]");
  const expected = memory().slice();
  for (const hostile of Object.values(PROGRAMS)) {
    renew();
    run(hostile, "{}");
    renew();
    expect(firstDifference(memory(), snapshot.memory)).toBe(undefined);
    expect(run(PROGRAMS.trivial, "[1,2]")).toBe("[1,2]");
    expect(firstDifference(memory(), expected)).toBe(undefined);
  }
});
