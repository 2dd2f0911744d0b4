import { describe, test } from "../../testing/contract/contract-suite.ts";
import { expect } from "../../testing/contract/expect.ts";
import { mainOf, useRunner } from "./program-runner.contract.ts";
import type { JsonValue } from "../../base/json.ts";
import type { HostCall } from "../sandbox.ts";
import type { CreateSandbox } from "./program-runner.contract.ts";

const DENIED = {
  ok: false,
  error: { name: "X", message: "tool a is not granted", code: "DENIED", denied: true },
} as const;

export function describeHostCalls(create: CreateSandbox): void {
  describe("host calls", () => {
    const { run, value } = useRunner(create);

    test("tools, skills and fetch reach the host with JSON and a call id", async () => {
      const calls: Pick<HostCall, "kind" | "name" | "args" | "callId">[] = [];
      const result = await value(
        "return [await host.tool('click', { id: 1 }), await host.skill('ns/b', [2]), await host.fetch('https://x.test', { method: 'GET' }), await host.tool('bare')];",
        {
          onHostCall: async ({ kind, name, args, callId }) => {
            calls.push({ kind, name, args, callId });
            return { ok: true, value: callId * 10 };
          },
        },
      );
      expect(result).toEqual([0, 10, 20, 30]);
      expect(calls).toEqual([
        { kind: "tool", name: "click", args: { id: 1 }, callId: 0 },
        { kind: "skill", name: "ns/b", args: [2], callId: 1 },
        { kind: "fetch", name: "https://x.test", args: { method: "GET" }, callId: 2 },
        { kind: "tool", name: "bare", args: null, callId: 3 },
      ]);
    });

    test("a reply to fetch is its data, and can be read as a page's code reads it", async () => {
      const replies: Record<string, JsonValue> = {
        "https://text.test": { status: 200, headers: { "x-a": "1", get: "g" }, body: '{"é":1}' },
        "https://bytes.test": { status: 200, headers: {}, bodyBase64: "AP8=" },
      };
      const sent: JsonValue[] = [];
      const result = await value(
        `const text = await host.fetch("https://text.test", { method: "POST", body: new Uint8Array([0, 255, 1]) });
        const bytes = await host.fetch("https://bytes.test");
        return [
          text, bytes, await text.text(), await text.json(), [...await text.bytes()],
          text.headers.get("X-A"), text.headers.get("get"), text.headers.get("b"), text.headers.has("x-a"),
          [...await bytes.bytes()], (await bytes.arrayBuffer()).byteLength,
          await bytes.text().catch((error) => error.name), await host.tool("echo"),
        ];`,
        {
          onHostCall: async ({ name, args }) => {
            sent.push(args);
            return { ok: true, value: replies[name] ?? { headers: {}, body: "of a tool" } };
          },
        },
      );
      const [text, bytes] = Object.values(replies) as [JsonValue, JsonValue];
      const visible = { status: 200, headers: { "x-a": "1" }, body: '{"é":1}' };
      const utf8 = [...Buffer.from('{"é":1}')];
      expect(text).toMatchObject(visible);
      expect(result).toEqual([
        visible,
        bytes,
        '{"é":1}',
        { é: 1 },
        utf8,
        "1",
        "g",
        null,
        true,
        [0, 255],
        2,
        "TypeError",
        { headers: {}, body: "of a tool" },
      ]);
      expect(sent).toEqual([{ method: "POST", body: { base64: "AP8B" } }, null, null]);
    });

    test("options of a skill call reach the host apart from its context", async () => {
      const calls: Pick<HostCall, "args" | "options">[] = [];
      await value(
        "await host.skill('a', 'line\\nbreak', { version: 2, timeoutMs: 5 }); await host.skill('a', {});",
        {
          onHostCall: async ({ args, options }) => {
            calls.push(options === undefined ? { args } : { args, options });
            return { ok: true, value: null };
          },
        },
      );
      expect(calls).toEqual([
        { args: "line\nbreak", options: { version: 2, timeoutMs: 5 } },
        { args: {} },
      ]);
    });

    test("calls may be waiting at the same time and answer in any order", async () => {
      const gates = [0, 1, 2].map(() => Promise.withResolvers<void>());
      const result = await value(
        "const seen = []; await Promise.all([0, 1, 2].map(async (n) => { await host.tool('t', n); seen.push(n); })); return seen;",
        {
          onHostCall: async ({ callId }) => {
            if (callId === 2) gates[2]?.resolve();
            await gates[callId]?.promise;
            if (callId > 0) gates[callId - 1]?.resolve();
            return { ok: true, value: null };
          },
        },
      );
      expect(result).toEqual([2, 1, 0]);
    });

    test("a failure is an error with the host's name, message and code, at the calling line", async () => {
      const code = "export default async (context, host) => {\n  await host.tool('a');\n};";
      const { status, error } = await run(code, {
        onHostCall: async () => ({
          ok: false,
          error: { name: "NotFoundError", message: "no such page", code: "E404" },
        }),
      });
      expect(status).toBe("error");
      expect(error).toMatchObject({
        name: "NotFoundError",
        message: "no such page",
        code: "E404",
        line: 2,
      });
      expect(error?.excerpt).toContain("await host.tool('a');");
    });

    test("a failing call that is written over several lines is shown where it begins", async () => {
      const code =
        "export default async (context, host) => {\n  return await host.tool(\n    'a',\n    {\n      b: context.b ?? 1,\n    },\n  );\n};";
      const { error } = await run(code, {
        onHostCall: async () => ({ ok: false, error: { name: "E", message: "m" } }),
      });
      expect([error?.line, error?.frames?.[0]?.line, error?.excerpt?.split("\n")[0]]).toEqual([
        2,
        2,
        "  return await host.tool(",
      ]);
    });

    test("a host that rejects is a plain failure that tells nothing of the host", async () => {
      const { status, error } = await run(mainOf("await host.tool('a');"), {
        onHostCall: () => Promise.reject(new Error("/etc/secret")),
      });
      expect([status, error?.message]).toEqual(["error", "The host failed to answer this call"]);
    });

    test("a denied call that escapes ends the run as denied", async () => {
      const { status, error } = await run(mainOf("await host.tool('a');"), {
        onHostCall: async () => DENIED,
      });
      expect([status, error?.name, error?.message, error?.code]).toEqual([
        "denied",
        "CapabilityError",
        "tool a is not granted",
        "DENIED",
      ]);
    });

    test("a denied call that is the cause of an error ends the run as denied", async () => {
      const body =
        "try { await host.tool('a'); } catch (cause) { throw new Error('outer', { cause }); }";
      const { status, error } = await run(mainOf(body), { onHostCall: async () => DENIED });
      expect([status, error?.message]).toEqual(["denied", "outer"]);
    });

    test("a denied call that is caught is an ordinary error", async () => {
      const result = await value(
        "try { await host.tool('a'); } catch (e) { return [e.name, e.code]; }",
        {
          onHostCall: async () => DENIED,
        },
      );
      expect(result).toEqual(["CapabilityError", "DENIED"]);
    });

    test("a program can not pretend that it was denied", async () => {
      const { status } = await run(
        mainOf("const e = new Error('x'); e.name = 'CapabilityError'; e.denied = true; throw e;"),
      );
      expect(status).toBe("error");
    });

    test("arguments that are not JSON are a TypeError in the guest", async () => {
      const result = await value(
        "try { await host.tool('a', { b: [() => 1] }); } catch (e) { return [e instanceof TypeError, e.message]; }",
      );
      expect(result).toEqual([
        true,
        "The arguments of host.tool must be JSON, but b[0] is a function",
      ]);
    });

    test("a name that is not text is a TypeError in the guest", async () => {
      const { error } = await run(mainOf("await host.tool({ toString() { return 'a' } });"));
      expect([error?.name, error?.message]).toEqual([
        "TypeError",
        "host.tool expects the name of a tool as its first argument, got object",
      ]);
    });

    test("calls beyond the limit reject with LimitError and never reach the host", async () => {
      let calls = 0;
      const { error, hostCalls } = await run(mainOf("for (;;) await host.tool('a');"), {
        limits: { hostCalls: 3 },
        onHostCall: async () => ({ ok: true, value: ++calls }),
      });
      expect([error?.name, error?.message.includes("3 calls"), calls, hostCalls]).toEqual([
        "LimitError",
        true,
        3,
        3,
      ]);
    });

    test("calls waiting beyond the limit reject with LimitError", async () => {
      const result = await value(
        "const all = await Promise.allSettled([1, 2, 3].map((n) => host.tool('a', n))); return all.map((r) => r.reason?.name ?? r.value.args);",
        { limits: { pendingHostCalls: 2 } },
      );
      expect(result).toEqual([1, 2, "LimitError"]);
    });

    test("arguments larger than the limit reject with LimitError", async () => {
      const { error } = await run(mainOf("await host.tool('a', 'x'.repeat(5000));"), {
        limits: { resultBytes: 1000 },
      });
      expect(error?.name).toBe("LimitError");
    });

    test("progress reaches the observer and counts as a call", async () => {
      const seen: unknown[] = [];
      const { hostCalls } = await run(mainOf("host.progress(0.25); host.progress(1, 'done');"), {
        onProgress: (fraction, message) => seen.push([fraction, message]),
      });
      expect([seen, hostCalls]).toEqual([
        [
          [0.25, undefined],
          [1, "done"],
        ],
        2,
      ]);
    });

    test("progress outside 0 to 1 is a TypeError in the guest", async () => {
      const result = await value(
        "const caught = []; for (const f of [-1, 2, NaN, '1']) try { host.progress(f); } catch (e) { caught.push(e.name); } return caught;",
      );
      expect(result).toEqual(["TypeError", "TypeError", "TypeError", "TypeError"]);
    });

    test("sleep advances the guest's clock, which nothing else does", async () => {
      const result = await value(
        "const a = Date.now(); for (let i = 0; i < 1e5; i++); const b = Date.now(); await host.sleep(20); return [b - a, Date.now() - b, performance.now()];",
      );
      expect(result).toEqual([0, 20, 20]);
    });

    test("the signal of a call aborts when its run ends first", async () => {
      const aborted = Promise.withResolvers<boolean>();
      const { status } = await run(mainOf("host.tool('slow'); return 1;"), {
        onHostCall: ({ signal }) =>
          new Promise((resolve) => {
            signal.addEventListener("abort", () => {
              aborted.resolve(signal.aborted);
              resolve({ ok: true, value: null });
            });
          }),
      });
      expect([status, await aborted.promise]).toEqual(["ok", true]);
    });

    test("a call knows the time its run has left", async () => {
      let remaining = 0;
      await value("return await host.tool('a');", {
        onHostCall: async ({ remainingMs }) => {
          remaining = remainingMs;
          return { ok: true, value: null };
        },
      });
      expect(remaining).toBeGreaterThan(0);
      expect(remaining).toBeLessThanOrEqual(10_000);
    });

    test("a call knows the processor time its run had used", async () => {
      let usedMs: number | undefined;
      await value("for (let i = 0; i < 1e5; i++); return await host.tool('a');", {
        onHostCall: async ({ cpuMs }) => {
          usedMs = cpuMs;
          return { ok: true, value: null };
        },
      });
      expect(usedMs).toBeGreaterThan(0);
    });
  });

  describe("determinism", () => {
    const { value } = useRunner(create);
    const body =
      "return [Math.random(), Math.random(), Date.now(), new Date().getTimezoneOffset(), String(new Date())];";

    test("seed and now decide all randomness and time", async () => {
      const first = await value(body, { seed: 7, now: 1_000_000 });
      expect(await value(body, { seed: 7, now: 1_000_000 })).toEqual(first);
      expect((first as unknown[]).slice(2)).toEqual([
        1_000_000,
        0,
        "Thu Jan 01 1970 00:16:40 GMT+0000",
      ]);
    });

    test("another seed, and no seed, give other numbers", async () => {
      const numbers = await Promise.all(
        [{ seed: 1 }, { seed: 2 }, {}, {}].map((o) => value("return Math.random();", o)),
      );
      expect(new Set(numbers).size).toBe(4);
    });
  });
}
