/**
 * Hostile programs, by family. For every one of them: the run ends in an allowed way and on time,
 * the host is unharmed and says nothing about itself, and the next run in the same place finds the
 * realm exactly as a sandbox nobody has used would give it.
 */
import { availableParallelism, homedir } from "node:os";
import {
  afterAll,
  beforeAll,
  contractSuite,
  describe,
  test,
} from "../../../testing/contract/contract-suite.ts";
import type { ContractSuite } from "../../../testing/contract/contract-suite.ts";
import { expect } from "../../../testing/contract/expect.ts";
import { mainOf, runProgram } from "../program-runner.contract.ts";
import { realmFingerprint } from "./realm-fingerprint.contract.ts";
import { ATTACK_FAMILIES } from "./families.contract.ts";
import type { CreateSandbox } from "../program-runner.contract.ts";
import type { HostCall, Sandbox, SandboxOutcome } from "../../sandbox.ts";
import type { Attack, AttackFamily, Seen } from "./attack.contract.ts";

/** Cases an engine does not pass, by name, each with the reason; they are printed and skipped. */
export type AttackGaps = Readonly<Record<string, string>>;

/** How late a run may end on a busy machine; on a quiet one it is less than 100 ms. */
const LATE_MS = 5000;
const TIMEOUT_MS = 5000;
/** Families under attack at once: most of them want a core for themselves. */
const FAMILIES_AT_ONCE = Math.min(4, Math.max(2, availableParallelism()));
const WAIT_MS = 240_000;

/** What only the host knows about itself; none of it may be in an outcome. */
const HOST_TEXTS = [
  import.meta.dirname,
  process.cwd(),
  process.execPath,
  homedir().length > 4 ? homedir() : undefined,
  "node:internal",
  "node_modules",
  "/src/sandbox/",
].filter((text) => text !== undefined);

interface AttackReport extends Seen {
  readonly wallMs: number;
  readonly canary: SandboxOutcome;
  readonly canaryMs: number;
  /** Host calls and progress that came after the run had ended. */
  readonly afterTheEnd: number;
}

export function attackContract(create: CreateSandbox, gaps: AttackGaps = {}): ContractSuite {
  return contractSuite("attacks", () => {
    const faults: unknown[] = [];
    const fault = (error: unknown): void => void faults.push(error);
    const reports = new Map<Attack, Promise<AttackReport>>();
    const ends = new Map<Attack, (report: Promise<AttackReport>) => void>();
    let fresh = "";
    let worstLate = { ms: 0, name: "none" };
    let worstCanary = { ms: 0, name: "none" };
    let done: Promise<unknown> = Promise.resolve();

    beforeAll(async () => {
      process.on("unhandledRejection", fault);
      process.on("uncaughtExceptionMonitor", fault);
      const untouched = create({ workers: 1, slotsPerWorker: 1 });
      fresh = fingerprintOf(await fingerprintRun(untouched));
      await untouched.close();
      for (const { attacks } of ATTACK_FAMILIES) {
        for (const attack of attacks) {
          const { promise, resolve } = Promise.withResolvers<AttackReport>();
          reports.set(attack, promise);
          ends.set(attack, resolve);
        }
      }
      const waiting = [...ATTACK_FAMILIES];
      const line = async (): Promise<void> => {
        for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
          await attackWithFamily(next);
        }
      };
      done = Promise.all(Array.from({ length: FAMILIES_AT_ONCE }, line));
    }, WAIT_MS);

    afterAll(async () => {
      await done;
      process.off("unhandledRejection", fault);
      process.off("uncaughtExceptionMonitor", fault);
      console.log(
        `attacks: latest end ${worstLate.ms.toFixed(0)} ms after its deadline ("${worstLate.name}"), slowest run after one ${worstCanary.ms.toFixed(0)} ms ("${worstCanary.name}")`,
      );
    }, WAIT_MS);

    /** One attack after the other in one place, with a canary after each. */
    async function attackWithFamily({ attacks }: AttackFamily): Promise<void> {
      const sandbox = create({ workers: 1, slotsPerWorker: 1 });
      // Until its first worker is there, a run waits; that is not part of any deadline.
      await fingerprintRun(sandbox);
      for (const attack of attacks) {
        if (gaps[attack.name] !== undefined) continue;
        const report = attackOnce(sandbox, attack);
        ends.get(attack)?.(report);
        // Its own test tells what went wrong.
        await report.catch(() => undefined);
      }
      await sandbox.close();
    }

    async function attackOnce(sandbox: Sandbox, attack: Attack): Promise<AttackReport> {
      const calls: HostCall[] = [];
      const progress: (readonly [number, string | undefined])[] = [];
      const { code, module, answer, limits } = attack;
      const timeoutMs = limits?.timeoutMs ?? TIMEOUT_MS;
      const begunMs = performance.now();
      const outcome = await runProgram(sandbox, module ? code : mainOf(code), {
        ...attack,
        limits: { ...limits, timeoutMs },
        seed: 1,
        now: 1_700_000_000_000,
        onHostCall(call) {
          calls.push(call);
          return answer?.(call) ?? echo(call);
        },
        onProgress: (...reported) => void progress.push(reported),
      });
      const wallMs = performance.now() - begunMs;
      const seen = calls.length + progress.length;
      const canaryBegunMs = performance.now();
      const canary = await fingerprintRun(sandbox);
      const canaryMs = performance.now() - canaryBegunMs;
      const { name } = attack;
      if (wallMs - timeoutMs > worstLate.ms) worstLate = { ms: wallMs - timeoutMs, name };
      if (canaryMs > worstCanary.ms) worstCanary = { ms: canaryMs, name };
      const afterTheEnd = calls.length + progress.length - seen;
      return { outcome, calls, progress, wallMs, canary, canaryMs, afterTheEnd };
    }

    for (const { name, attacks } of ATTACK_FAMILIES) {
      describe(name, () => {
        for (const attack of attacks) {
          const gap = gaps[attack.name];
          if (gap !== undefined) {
            console.log(`attacks: "${attack.name}" is not tried: ${gap}`);
            test.skip(attack.name, () => {});
            continue;
          }
          test(
            attack.name,
            async () => {
              const report = await reports.get(attack);
              if (report === undefined) throw new Error("The attack was not made");
              judge(attack, report, fresh);
              expect(faults).toEqual([]);
            },
            WAIT_MS,
          );
        }
      });
    }

    test("no two attacks have the same name", () => {
      const names = ATTACK_FAMILIES.flatMap(({ attacks }) => attacks.map(({ name }) => name));
      expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
      expect(Object.keys(gaps).filter((name) => !names.includes(name))).toEqual([]);
    });
  });
}

function judge(attack: Attack, report: AttackReport, fresh: string): void {
  const { outcome, wallMs, canary, afterTheEnd } = report;
  const { status, valueJson, error } = outcome;
  const allowed = [attack.expect].flat();
  if (!allowed.includes(status)) {
    expect.fail(
      `ended with ${status}: ${valueJson ?? JSON.stringify(error)}; allowed: ${allowed.join()}`,
    );
  }
  if (status === "ok" && attack.value !== undefined) {
    expect(JSON.parse(valueJson ?? "null")).toEqual(attack.value);
  }
  if (status !== "ok")
    expect([typeof error?.name, typeof error?.message]).toEqual(["string", "string"]);
  expect(wallMs).toBeLessThan((attack.limits?.timeoutMs ?? TIMEOUT_MS) + LATE_MS);
  const shown = JSON.stringify(outcome);
  expect(HOST_TEXTS.filter((text) => shown.includes(text))).toEqual([]);
  expect(afterTheEnd).toBe(0);
  expect(differences(fresh, fingerprintOf(canary))).toEqual([]);
  attack.check?.(report);
}

function fingerprintRun(sandbox: Sandbox): Promise<SandboxOutcome> {
  return runProgram(sandbox, realmFingerprint(), {
    seed: 42,
    now: 1_600_000_000_000,
    context: { a: 1 },
  });
}

function fingerprintOf({ status, valueJson, error, logs }: SandboxOutcome): string {
  if (valueJson === undefined)
    throw new Error(`The canary ended with ${status}: ${error?.message}`);
  return `${valueJson} ${JSON.stringify(logs)}`;
}

/** The entries of two fingerprints that are not the same, so that a failure says where. */
function differences(expected: string, actual: string): readonly string[] {
  if (expected === actual) return [];
  const known = new Set(expected.split("\\n"));
  return actual
    .split("\\n")
    .filter((line) => !known.has(line))
    .slice(0, 20)
    .concat("differs");
}

async function echo({ name, args }: HostCall) {
  return { ok: true, value: { name, args } } as const;
}
