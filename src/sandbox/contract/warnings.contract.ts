import { describe, test } from "../../testing/contract/contract-suite.ts";
import { expect } from "../../testing/contract/expect.ts";
import { mainOf, useRunner } from "./program-runner.contract.ts";
import type { CreateSandbox } from "./program-runner.contract.ts";

export function describeWarnings(create: CreateSandbox): void {
  describe("warnings about what a run left behind", () => {
    const { run } = useRunner(create);
    const never = (): Promise<never> => new Promise(() => undefined);

    test("a run that saw to everything has none", async () => {
      const outcome = await run(
        mainOf(
          "console.log('x'); host.progress(1); await Promise.allSettled([host.tool('a'), Promise.reject(new Error('b'))]); try { await (async () => { throw 1; })(); } catch {} return 1;",
        ),
      );
      expect(outcome.status).toBe("ok");
      expect(outcome).not.toHaveProperty("warnings");
    });

    test("host calls nobody waited for", async () => {
      const { status, warnings } = await run(
        mainOf("host.tool('a'); host.tool('b', 1); host.skill('ns/c'); host.sleep(1e6); return 1;"),
        { onHostCall: never },
      );
      expect([status, warnings]).toEqual([
        "ok",
        [
          "4 host calls were still waiting when the run ended and were cancelled (tool: a, b; skill: ns/c, …); await every call whose end matters",
        ],
      ]);
    });

    test("a host call that was answered in time is not one of them", async () => {
      const outcome = await run(mainOf("host.tool('a'); await host.sleep(50); return 1;"));
      expect(outcome).not.toHaveProperty("warnings");
    });

    test("rejections nobody handled, with the first errors", async () => {
      const code = [
        "export default async (context, host) => {",
        "  Promise.reject(new TypeError('lost'));",
        "  (async () => { throw 'text'; })();",
        "  const late = Promise.reject(new Error('late')); await null; await null; late.catch(() => {});",
        "  return 1;",
        "};",
      ].join("\n");
      expect((await run(code)).warnings).toEqual([
        "2 promises were rejected and nothing handled it (TypeError: lost on line 2; NonErrorThrown: The skill threw text, which is not an Error); await the promise, or catch its error",
      ]);
    });

    test("a host call that failed and nobody looked", async () => {
      const { status, warnings } = await run(
        mainOf("host.tool('a'); await host.sleep(20); return 1;"),
        { onHostCall: async () => ({ ok: false, error: { name: "E404", message: "no page" } }) },
      );
      expect([status, warnings]).toEqual([
        "ok",
        [
          "1 promise was rejected and nothing handled it (E404: no page on line 1); await the promise, or catch its error",
        ],
      ]);
    });

    test.each([
      ["a function", "export default () => { throw new Error('x'); };"],
      ["an async function", "export default async () => { throw new Error('x'); };"],
      [
        "an async function, later",
        "export default async () => { await null; throw new Error('x'); };",
      ],
      ["a promise", "export default () => Promise.reject(new Error('x'));"],
      ["a thenable", "export default () => ({ then(_, reject) { reject(new Error('x')); } });"],
      ["a module", "throw new Error('x'); export default () => 1;"],
      ["a module, later", "await null; throw new Error('x'); export default () => 1;"],
      [
        "a call within",
        "const f = async () => { throw new Error('x'); }; const g = async () => { await f(); }; export default async () => { await g(); };",
      ],
    ])("the error of %s that ends the run is no rejection left behind", async (_what, code) => {
      const outcome = await run(code);
      expect(outcome).toMatchObject({ status: "error", error: { message: "x" } });
      expect(outcome).not.toHaveProperty("warnings");
    });

    test("many rejections are counted, and few are named, shortly", async () => {
      const { warnings = [] } = await run(
        mainOf(
          "for (let i = 0; i < 500; i++) Promise.reject(new Error('m'.repeat(1e4))); return 1;",
        ),
      );
      expect(warnings[0]).toMatch(/^500 promises were rejected/);
      expect(warnings[0]?.length).toBeLessThan(1500);
    });

    test("log lines that had no room, and the limits", async () => {
      const { warnings } = await run(mainOf("for (let i = 0; i < 1000; i++) console.log(i);"), {
        limits: { logLines: 2 },
      });
      expect(warnings).toEqual([
        "998 log lines were dropped: a run keeps 2 lines and 65536 bytes; log less, or raise limits.logLines or limits.logBytes",
      ]);
    });

    test("a log without room counts every line", async () => {
      const body = "for (let i = 0; i < 7; i++) console.log(i);";
      const noLines = await run(mainOf(body), { limits: { logLines: 0 } });
      const noBytes = await run(mainOf(body), { limits: { logBytes: 0 } });
      expect([noLines.logsDropped, noBytes.logsDropped]).toEqual([7, 7]);
    });

    test("100,000 lines are counted whatever the run ends with", async () => {
      const body = "for (let i = 0; i < 100_000; i++) console.log('line', i);";
      const ok = await run(mainOf(body));
      const failed = await run(mainOf(`${body} throw new Error('x');`));
      expect([ok.logs.length, ok.logsDropped]).toEqual([200, 99_800]);
      expect([failed.logs.length, failed.logsDropped]).toEqual([200, 99_800]);
    });

    test("a promise rejected with something that never lets itself be read ends with the run", async () => {
      const { status } = await run(
        mainOf("Promise.reject({ get message() { for (;;); } }); return 1;"),
        { limits: { timeoutMs: 150 } },
      );
      expect(["ok", "timeout"]).toContain(status);
    });
  });
}
