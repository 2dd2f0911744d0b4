import { describe, test } from "../../testing/contract/contract-suite.ts";
import { expect } from "../../testing/contract/expect.ts";
import { mainOf, runProgram, useRunner } from "./program-runner.contract.ts";
import type { CreateSandbox } from "./program-runner.contract.ts";

/** Programs that never end by themselves. */
const ENDLESS: Readonly<Record<string, string>> = {
  "an empty loop": "while (true) {}",
  "a loop of awaits": "for (;;) await null;",
  "a chain of promises": "const f = () => Promise.resolve().then(f); await f();",
  "a pattern that backtracks": "return /^(a+)+$/.test('a'.repeat(60) + '!');",
  "a native reverse": "[].reverse.call({ length: 2 ** 53 - 1 });",
  "a native join": "new Array(2 ** 32 - 1).join('x');",
  "a native sort": "Array.prototype.sort.call({ length: 2 ** 32 - 2 });",
  "a native copyWithin": "Array.prototype.copyWithin.call({ length: 2 ** 53 - 1 }, 1, 0);",
  "a native indexOf": "Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1);",
  "a promise nobody settles": "await new Promise(() => {});",
  "a host call nobody answers": "await host.tool('never');",
  "a long sleep": "await host.sleep(1e9);",
  "a loop that catches everything": "for (;;) { try { for (;;); } catch {} finally { continue; } }",
  "an async loop that catches everything":
    "for (;;) { try { await (async () => { for (;;); })(); } catch {} }",
  "a rejection that starts the next loop":
    "const f = () => { for (;;); }; const g = () => Promise.resolve().then(f).then(g, g); await g();",
  "a getter of the thrown error": "throw { get message() { for (;;); } };",
  "a proxy chain": "let p = {}; for (let i = 0; i < 1e3; i++) p = new Proxy(p, {}); for (;;) p.x;",
  "a generator": "function* g() { for (;;) yield 1; } for (const x of g());",
  "big numbers": "let b = 2n; for (;;) b = (b * b) % (10n ** 300n + 1n);",
};

export function describeStops(create: CreateSandbox): void {
  describe("timeouts", () => {
    const { run, value } = useRunner(create);
    const never = { onHostCall: () => new Promise<never>(() => {}) };

    test.each([
      [
        "computes in a function that is not asynchronous",
        "export default () => { for (;;); };",
        "; do less, or raise timeoutMs",
      ],
      ["computes", mainOf("for (;;);"), "; do less, or raise timeoutMs"],
      [
        "waits for nothing",
        mainOf("await new Promise(() => {});"),
        ": it waited for a promise that nothing settled; resolve it, or do not wait for it",
      ],
      [
        "waits for its host",
        mainOf("await host.tool('never');"),
        ": it waited for its host (tool: never); ask for less, or raise timeoutMs",
      ],
      [
        "left work behind",
        mainOf("const spin = () => Promise.resolve().then(spin); spin(); return 1;"),
        ": it had returned, but work it did not wait for went on; end that work",
      ],
    ])("one that %s is told so", async (_what, code, hint) => {
      const { error } = await run(code, { limits: { timeoutMs: 200 }, ...never });
      // Where the machine is so busy that it has to be stopped from outside, that is all there is to say.
      const said = [hint, "; do less, or raise timeoutMs"];
      expect(said.map((end) => `The run did not finish within 200 ms${end}`)).toContain(
        error?.message,
      );
    });

    test.each(Object.entries(ENDLESS))("%s ends at its deadline", async (_kind, body) => {
      const outcome = await run(mainOf(body), { limits: { timeoutMs: 200 }, ...never });
      expect(outcome).toMatchObject({ status: "timeout", error: { name: "Timeout" } });
      expect(outcome.durationMs).toBeGreaterThanOrEqual(199);
      expect(outcome.durationMs).toBeLessThan(2200);
    });

    test("a loop while the module loads ends at its deadline", async () => {
      const { status } = await run("for (;;); export default () => 1;", {
        limits: { timeoutMs: 200 },
      });
      expect(status).toBe("timeout");
    });

    test("a top-level await that never settles ends at its deadline", async () => {
      const { status } = await run("await new Promise(() => {}); export default () => 1;", {
        limits: { timeoutMs: 200 },
      });
      expect(status).toBe("timeout");
    });

    test("a run within its time is not disturbed by earlier timeouts", async () => {
      expect(await value("await host.sleep(5); return 'fine';")).toBe("fine");
    });
  });

  describe("cancellation", () => {
    const { run } = useRunner(create);

    test("an aborted signal never starts the program", async () => {
      const outcome = await run(mainOf("host.progress(1);"), {
        signal: AbortSignal.abort(),
        onProgress: () => expect.unreachable(),
      });
      expect([outcome.status, outcome.hostCalls]).toEqual(["cancelled", 0]);
    });

    test.each(Object.entries(ENDLESS))("%s stops when its signal aborts", async (_kind, body) => {
      const abort = new AbortController();
      const started = Promise.withResolvers<void>();
      const outcome = run(mainOf(`host.progress(0); ${body}`), {
        signal: abort.signal,
        onProgress: () => started.resolve(),
        onHostCall: () => new Promise<never>(() => {}),
      });
      await started.promise;
      abort.abort();
      expect(await outcome).toMatchObject({ status: "cancelled", error: { name: "Cancelled" } });
    });

    test("a queued run ends at once when its signal aborts", async () => {
      const sandbox = create({ workers: 1, slotsPerWorker: 1 });
      const first = new AbortController();
      const second = new AbortController();
      const started = Promise.withResolvers<void>();
      const holding = runProgram(sandbox, mainOf("host.progress(0); for (;;);"), {
        signal: first.signal,
        onProgress: () => started.resolve(),
      });
      await started.promise;
      const queued = runProgram(sandbox, mainOf("return 1;"), { signal: second.signal });
      second.abort();
      expect((await queued).status).toBe("cancelled");
      first.abort();
      expect((await holding).status).toBe("cancelled");
      await sandbox.close();
    });

    test("aborting after the end changes nothing", async () => {
      const abort = new AbortController();
      const outcome = await run(mainOf("return 1;"), { signal: abort.signal });
      abort.abort();
      expect(outcome.status).toBe("ok");
    });
  });
}
