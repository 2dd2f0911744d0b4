/** Programs that mean no harm, each with the one result it may have. */
import { setTimeout as delay } from "node:timers/promises";
import { LIMITS, runLimits } from "../../src/base/limits.ts";
import type { JsonValue } from "../../src/base/json.ts";
import type { HostCallReply, Sandbox, SandboxOutcome } from "../../src/sandbox/sandbox.ts";

interface Innocent {
  readonly name: string;
  readonly code: string;
  readonly result: (n: number) => JsonValue;
}

const INNOCENTS: readonly Innocent[] = [
  {
    name: "arithmetic",
    code: "export default ({ n }) => n * 2;",
    result: (n) => n * 2,
  },
  {
    name: "text",
    code: "export default ({ n }) => Array.from(`${n} é😀`).toSorted().join('').replace(/\\d/g, '#');",
    result: (n) => Array.from(`${n} é😀`).toSorted().join("").replaceAll(/\d/g, "#"),
  },
  {
    name: "a few milliseconds of work",
    code: "export default ({ n }) => { let x = n; for (let i = 0; i < 2e4; i++) x = (x * 31 + i) % 1000003; return x; }",
    result(n) {
      let x = n;
      for (let i = 0; i < 2e4; i++) x = (x * 31 + i) % 1_000_003;
      return x;
    },
  },
  {
    name: "tools",
    code: "export default async ({ n }, host) => { let sum = 0; for (let i = 0; i < 3; i++) sum += await host.tool('add', [n, i]); return sum; }",
    result: (n) => 3 * n + 3,
  },
  {
    name: "tools at once",
    code: "export default async ({ n }, host) => (await Promise.all([1, 2, 3].map((i) => host.tool('add', [n, i])))).join();",
    result: (n) => [n + 1, n + 2, n + 3].join(),
  },
  {
    name: "a sleep",
    code: "export default async ({ n }, host) => { const before = Date.now(); await host.sleep(20); return [n, Date.now() - before]; }",
    result: (n) => [n, 20],
  },
  {
    name: "a skill of a skill",
    code: "export default async ({ n }, host) => n > 2 ? (await host.skill('self', { n: 2 })) + n : n;",
    result: (n) => (n > 2 ? 2 + n : n),
  },
];

export interface InnocentRun {
  readonly name: string;
  readonly latencyMs: number;
  /** What was wrong with its ending, if anything was. */
  readonly fault: string | undefined;
}

export async function runInnocent(sandbox: Sandbox, n: number): Promise<InnocentRun> {
  const innocent = INNOCENTS[n % INNOCENTS.length] as Innocent;
  const begunMs = performance.now();
  const { status, valueJson, error } = await run(sandbox, innocent.code, n, 0);
  const latencyMs = performance.now() - begunMs;
  const expected = JSON.stringify(innocent.result(n));
  const fault =
    valueJson === expected
      ? undefined
      : `${innocent.name}: ${status} ${valueJson ?? error?.message}, expected ${expected}`;
  return { name: innocent.name, latencyMs, fault };
}

function run(sandbox: Sandbox, code: string, n: number, depth: number): Promise<SandboxOutcome> {
  return sandbox.run({
    program: { file: "innocent@1.js", code },
    contextJson: JSON.stringify({ n }),
    limits: runLimits(LIMITS),
    depth,
    async onHostCall({ kind, args }): Promise<HostCallReply> {
      if (kind === "tool") {
        await delay(2);
        const [a, b] = args as readonly [number, number];
        return { ok: true, value: a + b };
      }
      const inner = await run(sandbox, code, (args as { readonly n: number }).n, depth + 1);
      if (inner.status === "ok")
        return { ok: true, value: JSON.parse(inner.valueJson ?? "null") as JsonValue };
      return {
        ok: false,
        error: { name: "Error", message: `${inner.status}: ${inner.error?.message}` },
      };
    },
  });
}
