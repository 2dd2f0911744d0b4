import { describe, test } from "../../testing/contract/contract-suite.ts";
import { expect } from "../../testing/contract/expect.ts";
import { mainOf, runProgram, useRunner } from "./program-runner.contract.ts";
import type { CreateSandbox } from "./program-runner.contract.ts";

export function describeIsolation(create: CreateSandbox): void {
  describe("isolation", () => {
    // One worker with one slot, so that every run follows the last on the same memory.
    const { run, value } = useRunner(() => create({ workers: 1, slotsPerWorker: 1 }));

    test("nothing a run leaves behind is seen by the next", async () => {
      await value(
        "globalThis.leak = 1; Object.prototype.leak = 2; Array.prototype.leak = 3; Math.random = () => 0.5; JSON.parse = () => 'stolen'; return 1;",
      );
      const result = await value(
        "return [typeof leak, {}.leak ?? null, [].leak ?? null, Math.random() === 0.5, JSON.parse('1')];",
      );
      expect(result).toEqual(["undefined", null, null, false, 1]);
    });

    test("nothing is left of a run that ran out of memory", async () => {
      await run(mainOf("globalThis.a = []; for (;;) a.push({});"));
      expect(await value("return typeof a;")).toBe("undefined");
    });

    test("a loop left in a promise does not run on into the next run", async () => {
      await value(
        "(async () => { for (;;) { await null; globalThis.ticks = (globalThis.ticks ?? 0) + 1; } })(); return 1;",
        {
          limits: { timeoutMs: 300 },
        },
      ).catch(() => undefined);
      expect(await value("return typeof ticks;")).toBe("undefined");
    });

    test("the host is out of reach", async () => {
      const result = await value(
        "const names = ['process', 'require', 'module', 'Buffer', 'WebAssembly', 'SharedArrayBuffer', 'Atomics', 'setTimeout', 'Deno', 'std', 'os'];" +
          "return [names.filter((n) => n in globalThis), context.constructor.constructor('return typeof process')(), host.tool.constructor('return typeof require')()];",
      );
      expect(result).toEqual([[], "undefined", "undefined"]);
    });

    test("overridden JSON, Promise and Object do not change context or result", async () => {
      const code =
        "JSON.stringify = () => '\"forged\"'; JSON.parse = () => 'forged'; Promise.prototype.then = () => 'forged';" +
        "Object.prototype.toJSON = undefined; Reflect.apply = () => 'forged'; Array.prototype[Symbol.iterator] = null;" +
        "export default async (context, host) => ({ context, answer: await host.tool('t', { b: 2 }) });";
      const { valueJson } = await run(code, { context: { a: 1 } });
      expect(valueJson).toBe('{"context":{"a":1},"answer":{"name":"t","args":{"b":2}}}');
    });

    test("a hostile toJSON, getter or proxy in the result only harms its own run", async () => {
      const endings = await Promise.all(
        [
          "return { toJSON() { throw new Error('no'); } };",
          "return { get a() { throw new Error('no'); } };",
          "return new Proxy({}, { ownKeys() { throw new Error('no'); } });",
          "return { toJSON() { for (;;); } };",
          "return { then() { for (;;); } };",
        ].map(async (body) => (await run(mainOf(body), { limits: { timeoutMs: 200 } })).status),
      );
      expect(endings).toEqual(["error", "error", "error", "timeout", "timeout"]);
    });

    test("what is planted on shared prototypes does not reach the library's own code", async () => {
      const body =
        "Object.prototype.get = 1; Object.prototype.writable = false; Object.prototype.value = 'forged';" +
        "console.log({ a: [1] }); try { await host.tool('t'); } catch (e) { return [e.name, e.code]; }";
      const { status, logs, error } = await run(mainOf(body), {
        onHostCall: async () => ({
          ok: false,
          error: { name: "ToolError", message: "no", code: "E1" },
        }),
      });
      expect([status, error, logs.length]).toEqual(["ok", undefined, 1]);
    });

    test("host objects are frozen and can not be replaced for the program's own calls", async () => {
      expect(await value("'use strict'; try { host.tool = 1; } catch (e) { return e.name; }")).toBe(
        "TypeError",
      );
    });
  });

  describe("memory", () => {
    const { run, value } = useRunner(create);
    const bombs: Readonly<Record<string, string>> = {
      arrays: "const a = []; for (;;) a.push(new Array(1000).fill(1));",
      objects: "const a = []; for (;;) a.push({ x: 1 });",
      strings: "const a = []; for (let i = 0; ; i++) a.push(String(i).padStart(10000, 'x'));",
      "array buffers": "const a = []; for (;;) a.push(new ArrayBuffer(1e6));",
      "typed arrays": "const a = []; for (;;) a.push(new Float64Array(1e5));",
      maps: "const m = new Map(); for (let i = 0; ; i++) m.set(i, 'v' + i);",
      closures: "const a = []; for (let i = 0; ; i++) a.push(() => i);",
      bigints:
        "let b = 3n; const a = []; for (;;) { b = b * b; a.push(b); if (a.length > 18) b = 3n; }",
      promises: "const a = []; for (;;) a.push(new Promise(() => {}));",
    };

    test.each(Object.entries(bombs))("growing %s stop at the limit", async (_kind, body) => {
      const { status, error } = await run(mainOf(body), { limits: { timeoutMs: 20_000 } });
      expect([status, error?.name]).toEqual(["out-of-memory", "OutOfMemory"]);
    });

    test("one allocation above the limit fails and can be caught", async () => {
      expect(await value("try { new ArrayBuffer(2 ** 30); } catch (e) { return e.message; }")).toBe(
        "out of memory",
      );
    });

    test("memory within the limit can be used, and more with a larger limit", async () => {
      const body = "return new Uint8Array(context.bytes).length;";
      const bytes = 24 * 1024 * 1024;
      expect(await value(body, { context: { bytes } })).toBe(bytes);
      const more = { limits: { memoryBytes: 128 * 1024 * 1024 }, context: { bytes: 4 * bytes } };
      expect(await value(body, more)).toBe(4 * bytes);
    });
  });

  describe("neighbours", () => {
    test("runs beside a killed one end well, and their effects happen once", async () => {
      const sandbox = create({ workers: 1, slotsPerWorker: 4 });
      const effects: string[] = [];
      const innocents = ["a", "b", "c"].map((name) =>
        runProgram(
          sandbox,
          mainOf(
            "const first = await host.tool('effect', context.name + 1); await host.sleep(400); const second = await host.tool('effect', context.name + 2); return [first, second, Math.random(), Date.now()];",
          ),
          {
            context: { name },
            seed: 5,
            now: 1000,
            onHostCall: async ({ args }) => {
              effects.push(args as string);
              return { ok: true, value: effects.length > 0 };
            },
          },
        ),
      );
      const attacker = runProgram(
        sandbox,
        mainOf("await host.tool('t'); [].reverse.call({ length: 2 ** 53 - 1 });"),
        {
          limits: { timeoutMs: 200 },
        },
      );
      const [ended, ...others] = await Promise.all([attacker, ...innocents]);
      expect(ended?.status).toBe("timeout");
      expect(others.map(({ status }) => status)).toEqual(["ok", "ok", "ok"]);
      expect(new Set(others.map(({ valueJson }) => valueJson)).size).toBe(1);
      expect(effects.toSorted()).toEqual(["a1", "a2", "b1", "b2", "c1", "c2"]);
      expect(sandbox.stats()).toMatchObject({ kills: 1, retries: 3 });
      await sandbox.close();
    });

    test("a repeated run gets its answers in the order it first got them", async () => {
      const sandbox = create({ workers: 1, slotsPerWorker: 4 });
      const slow = Promise.withResolvers<void>();
      const innocent = runProgram(
        sandbox,
        // Which tool is called third depends on which of the first two answers first.
        mainOf(
          "const seen = []; await Promise.all(['slow', 'fast'].map(async (n) => { await host.tool(n); seen.push(n); await host.tool('after ' + n); })); await host.sleep(400); return seen;",
        ),
        {
          onHostCall: async ({ name }) => {
            if (name === "after fast") slow.resolve();
            if (name === "slow") await slow.promise;
            return { ok: true, value: null };
          },
        },
      );
      const attacker = runProgram(
        sandbox,
        mainOf("await host.tool('t'); [].reverse.call({ length: 2 ** 53 - 1 });"),
        {
          limits: { timeoutMs: 200 },
        },
      );
      await attacker;
      expect(await innocent).toMatchObject({
        status: "ok",
        valueJson: '["fast","slow"]',
        hostCalls: 5,
      });
      expect(sandbox.stats().retries).toBe(1);
      await sandbox.close();
    });

    test("runs waiting for runs never deadlock a full pool", async () => {
      const sandbox = create({ workers: 1, slotsPerWorker: 2 });
      const nest = async (depth: number): Promise<string> => {
        const { valueJson, error } = await runProgram(
          sandbox,
          mainOf("return context.depth === 6 ? 1 : (await host.skill('self', null)) + 1;"),
          {
            depth,
            context: { depth },
            // Engines that start a process for each depth take long for 42 runs on a busy machine.
            limits: { timeoutMs: 100_000 },
            onHostCall: async () => ({ ok: true, value: Number(await nest(depth + 1)) }),
          },
        );
        return valueJson ?? JSON.stringify(error);
      };
      expect(await Promise.all(Array.from({ length: 6 }, () => nest(0)))).toEqual(
        Array(6).fill("7"),
      );
      await sandbox.close();
    }, 120_000);

    test("a busy neighbour does not hold up runs that another worker could take", async () => {
      const sandbox = create({ workers: 2, slotsPerWorker: 4 });
      // Both workers are up, then one of them is held for longer than the slowest machine needs.
      await Promise.all([1, 2, 3].map(() => runProgram(sandbox, mainOf("await host.sleep(50);"))));
      const release = new AbortController();
      const hog = runProgram(sandbox, mainOf("for (;;);"), {
        limits: { timeoutMs: 20_000 },
        signal: release.signal,
      });
      const order: string[] = [];
      const quick = Array.from({ length: 8 }, () =>
        runProgram(sandbox, mainOf("return 1;")).then(({ status }) => order.push(status)),
      );
      await Promise.race([hog.then(() => order.push("hog")), Promise.all(quick)]);
      expect(order).toEqual(Array(8).fill("ok"));
      release.abort();
      await hog;
      await sandbox.close();
    });

    test("runs beside runs that hold every worker do not time out for them", async () => {
      const sandbox = create({ workers: 2, slotsPerWorker: 4 });
      const effects: string[] = [];
      const innocents = Array.from({ length: 6 }, (_, index) =>
        runProgram(
          sandbox,
          mainOf(
            "let sum = 0; for (let i = 0; i < 5; i++) sum += await host.tool('effect', `${context.index}:${i}`); return sum;",
          ),
          {
            context: { index },
            limits: { timeoutMs: 1500 },
            onHostCall: async ({ args }) => {
              await new Promise((resolve) => setTimeout(resolve, 20));
              effects.push(args as string);
              return { ok: true, value: 1 };
            },
          },
        ),
      );
      await Promise.race([
        new Promise((resolve) => setTimeout(resolve, 100)),
        Promise.all(innocents),
      ]);
      const attackers = Array.from({ length: 4 }, () =>
        runProgram(sandbox, mainOf("for (;;);"), { limits: { timeoutMs: 3000 } }),
      );
      const statuses = async (runs: typeof innocents): Promise<string[]> =>
        (await Promise.all(runs)).map(({ status }) => status);
      expect(await statuses(innocents)).toEqual(Array(6).fill("ok"));
      expect(await statuses(attackers)).toEqual(Array(4).fill("timeout"));
      expect(effects.length).toBe(30);
      expect(new Set(effects).size).toBe(30);
      await sandbox.close();
    });
  });
}
