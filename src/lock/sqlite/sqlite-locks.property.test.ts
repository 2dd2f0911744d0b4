/** Random use of one file by several connections, against a model, and under random schedules. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { Lease, LockDriver, LockMode } from "../lock-driver.ts";
import { sqliteLocks } from "./sqlite-locks.ts";

const DRIVERS = 3;
const PATIENT_MS = 5_000;

let directory: string;
let files = 0;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "repertoire-locks-"));
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** What a key is by its contract: one line, served in order; leases that end by themselves. */
class Model {
  nowMs = 0;
  readonly granted: number[] = [];
  #line: { readonly id: number; readonly mode: LockMode; readonly ttlMs: number }[] = [];
  #holders: { readonly id: number; readonly mode: LockMode; readonly untilMs: number }[] = [];

  enter(id: number, mode: LockMode, ttlMs: number): void {
    this.#line.push({ id, mode, ttlMs });
    this.settle();
  }

  leave(id: number): void {
    this.#line = this.#line.filter((each) => each.id !== id);
    this.#holders = this.#holders.filter((each) => each.id !== id);
    this.settle();
  }

  settle(): void {
    this.#holders = this.#holders.filter(({ untilMs }) => untilMs > this.nowMs);
    for (let [next] = this.#line; next !== undefined; [next] = this.#line) {
      const isWelcome =
        this.#holders.length === 0 ||
        (next.mode === "read" && this.#holders.every(({ mode }) => mode === "read"));
      if (!isWelcome) return;
      this.#line.shift();
      this.#holders.push({ ...next, untilMs: this.nowMs + next.ttlMs });
      this.granted.push(next.id);
    }
  }

  holds(id: number): boolean {
    return this.#holders.some((each) => each.id === id);
  }
}

const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("acquire" as const),
      driver: fc.nat(DRIVERS - 1),
      mode: fc.constantFrom("read" as const, "write" as const),
      // Long enough that the timers of the leases, which are real, stay out of it.
      ttlMs: fc.constantFrom(20_000, 21_000, 25_000),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("release" as const), pick: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("abort" as const), pick: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("renew" as const), pick: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("pass" as const), steps: fc.nat(15) }) },
);

// Found by it: a lease renewed for less time kept those of its own process waiting for its old end.
test("connections that share a file grant a key as one line would, in any order of events", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 25 }), async (steps) => {
      const path = join(directory, `${++files}.sqlite`);
      const model = new Model();
      const machineClock = { nowMs: () => model.nowMs, bootId: "b" };
      const drivers: LockDriver[] = [];
      for (let count = 0; count < DRIVERS; count++)
        drivers.push(await sqliteLocks({ path, machineClock }));
      const callers: AbortController[] = [];
      const leases = new Map<number, Lease>();

      async function take(move: (typeof steps)[number]): Promise<void> {
        if (move.kind === "acquire") {
          const id = callers.push(new AbortController()) - 1;
          const { signal } = callers[id] as AbortController;
          const { mode, ttlMs } = move;
          const driver = drivers[move.driver] as LockDriver;
          const entered = driver.stats();
          void driver.acquire("k", { mode, ttlMs, waitMs: 60_000, signal }).then(
            (lease) => leases.set(id, lease),
            () => undefined,
          );
          // The order of arrival is that of the file: each must be in it before the next comes.
          await vi.waitFor(
            () => {
              const { acquired, waiting } = driver.stats();
              expect(acquired + waiting).toBeGreaterThan(entered.acquired + entered.waiting);
            },
            { timeout: PATIENT_MS, interval: 1 },
          );
          model.enter(id, mode, ttlMs);
        } else if (move.kind === "pass") {
          // In steps that leave those who wait the time to say that they are alive.
          for (let count = 0; count < move.steps; count++) {
            model.nowMs += 400;
            model.settle();
            await pause(8);
          }
        } else if (move.kind === "abort") {
          const id = move.pick % Math.max(1, callers.length);
          if (model.granted.includes(id) || callers[id] === undefined) return;
          callers[id].abort();
          model.leave(id);
        } else {
          const ids = [...leases.keys()];
          const id = ids[move.pick % Math.max(1, ids.length)];
          if (id === undefined) return;
          const lease = leases.get(id) as Lease;
          if (move.kind === "release") {
            await lease.release();
            model.leave(id);
          } else if (model.holds(id)) {
            // As long as before from now on, which the model need not tell from never.
            await expect(lease.renew(1)).resolves.toBeUndefined();
            model.leave(id);
            model.nowMs += 1;
          } else await expect(lease.renew()).rejects.toMatchObject({ code: "LEASE_LOST" });
        }
      }

      try {
        for (const move of steps) {
          await take(move);
          await vi.waitFor(
            () =>
              expect([...leases.keys()].toSorted((a, b) => a - b)).toEqual(
                model.granted.toSorted((a, b) => a - b),
              ),
            { timeout: PATIENT_MS, interval: 1 },
          );
        }
        const tokens = [...leases].map(([, lease]) => lease.token);
        expect(new Set(tokens).size).toBe(tokens.length);
        const writers = model.granted.map((id) => leases.get(id) as Lease);
        for (const [at, lease] of writers.entries()) {
          const before = writers.slice(0, at).filter(({ mode }) => mode === "write");
          for (const each of before) expect(lease.token).toBeGreaterThan(each.token);
        }
      } finally {
        for (const driver of drivers) await driver.close();
      }
    }),
    { numRuns: 25, endOnFailure: true },
  );
}, 120_000);

test("a writer is alone and everybody is served, whatever the order in which tasks go on", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.array(fc.constantFrom<LockMode>("read", "write"), { minLength: 2, maxLength: 8 }),
      async (scheduler, modes) => {
        const path = join(directory, `${++files}.sqlite`);
        const drivers = [await sqliteLocks({ path }), await sqliteLocks({ path })];
        const inside: LockMode[] = [];
        const tokens: bigint[] = [];
        const visit = async (mode: LockMode, at: number): Promise<void> => {
          await scheduler.schedule(Promise.resolve(), `${at} comes`);
          const driver = drivers[at % drivers.length] as LockDriver;
          await using lease = await driver.acquire("k", { mode, waitMs: 20_000 });
          inside.push(mode);
          tokens.push(lease.token);
          await scheduler.schedule(Promise.resolve(), `${at} is in`);
          if (inside.includes("write")) expect(inside).toEqual(["write"]);
          inside.splice(inside.indexOf(mode), 1);
        };
        try {
          await scheduler.waitFor(Promise.all(modes.map(visit)));
          expect(new Set(tokens).size).toBe(modes.length);
          for (const driver of drivers)
            expect(driver.stats()).toMatchObject({ held: 0, waiting: 0, abandoned: 0 });
        } finally {
          for (const driver of drivers) await driver.close();
        }
      },
    ),
    { numRuns: 40, endOnFailure: true },
  );
}, 120_000);
