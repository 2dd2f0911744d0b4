/**
 * What every {@link LockDriver} must do, run against a real one.
 *
 * Cases wait for events (a lease's signal, a waiter counted), not for time to pass; the only times
 * in them are times to live and waits that are the behaviour under test.
 */
import {
  afterEach,
  beforeEach,
  contractSuite,
  describe,
  test,
  waitFor,
} from "../testing/contract/contract-suite.ts";
import type { ContractSuite } from "../testing/contract/contract-suite.ts";
import { expect } from "../testing/contract/expect.ts";
import { describeHeldLocks } from "./held-lock.contract.ts";
import type { AcquireOptions, Lease, LockDriver } from "./lock-driver.ts";

export interface LockContractOptions {
  /** Whether waiters of one key are served in the order they came (default: true). */
  readonly isFair?: boolean;
}

/** Long enough to be noticed as a hang, short enough to wait for. */
const PATIENT_MS = 5_000;
const BRIEF_MS = 40;

/**
 * @param name names the driver in the report
 * @param create makes a driver of its own for each case; the suite closes it
 */
export function lockContract(
  name: string,
  create: () => LockDriver | Promise<LockDriver>,
  options: LockContractOptions = {},
): ContractSuite {
  return contractSuite(`locks: ${name}`, () => {
    describeLocks(create, options);
    describeHeldLocks(name, create);
  });
}

function describeLocks(
  create: () => LockDriver | Promise<LockDriver>,
  { isFair = true }: LockContractOptions,
): void {
  describe("locks", () => {
    let locks: LockDriver;

    beforeEach(async () => {
      locks = await create();
    });

    afterEach(() => locks.close());

    const failureOf = (acquiring: Promise<Lease>): Promise<unknown> =>
      acquiring.then(
        (lease) => `granted with token ${lease.token}`,
        (error: unknown) => error,
      );

    const waiting = (count: number): Promise<void> =>
      waitFor(() => expect(locks.stats().waiting).toBe(count), {
        timeout: PATIENT_MS,
        interval: 1,
      });

    const isFree = async (key: string): Promise<boolean> => {
      const lease = await locks.acquire(key, { waitMs: 0 }).catch(() => undefined);
      await lease?.release();
      return lease !== undefined;
    };

    /** Asks for the lock, notes when it is granted, and gives it up at once. */
    const visit = async (log: string[], who: string, asked: AcquireOptions): Promise<void> => {
      await using lease = await locks.acquire("k", { waitMs: PATIENT_MS, ...asked });
      expect(lease.signal.aborted).toBe(false);
      log.push(who);
    };

    test("a lease tells its key and mode, and is for writing unless it says otherwise", async () => {
      const write = await locks.acquire("skill/a:1 ü");
      const read = await locks.acquire("other", { mode: "read" });
      expect([write.key, write.mode, write.signal.aborted]).toEqual([
        "skill/a:1 ü",
        "write",
        false,
      ]);
      expect([read.key, read.mode, read.signal.aborted]).toEqual(["other", "read", false]);
    });

    test("a writer keeps everybody else out of its key, and of no other", async () => {
      const held = await locks.acquire("k", { mode: "write" });
      const refused = await Promise.all([
        failureOf(locks.acquire("k", { mode: "write", waitMs: 0 })),
        failureOf(locks.acquire("k", { mode: "read", waitMs: 0 })),
      ]);
      expect(refused).toMatchObject([{ code: "LOCK_TIMEOUT" }, { code: "LOCK_TIMEOUT" }]);
      expect(await isFree("other")).toBe(true);
      await held.release();
      expect(await isFree("k")).toBe(true);
    });

    test("readers share, and keep writers out until the last has gone", async () => {
      const first = await locks.acquire("k", { mode: "read", waitMs: 0 });
      const second = await locks.acquire("k", { mode: "read", waitMs: 0 });
      expect(await isFree("k")).toBe(false);
      await first.release();
      expect(await isFree("k")).toBe(false);
      await second.release();
      expect(await isFree("k")).toBe(true);
    });

    test("a release lets in who waits", async () => {
      const held = await locks.acquire("k");
      const next = locks.acquire("k", { waitMs: PATIENT_MS });
      await waiting(1);
      await held.release();
      expect((await next).key).toBe("k");
      expect(locks.stats()).toMatchObject({ acquired: 2, waited: 1, held: 1, waiting: 0 });
    });

    test("`await using` releases at the end of its block", async () => {
      {
        await using lease = await locks.acquire("k");
        expect(lease.key).toBe("k");
        expect(await isFree("k")).toBe(false);
      }
      expect(await isFree("k")).toBe(true);
    });

    test("tokens grow with every lease of a key", async () => {
      const tokens: bigint[] = [];
      for (const mode of ["write", "read", "write", "read"] as const) {
        const lease = await locks.acquire("k", { mode });
        tokens.push(lease.token);
        await lease.release();
      }
      expect(tokens.every((token) => typeof token === "bigint")).toBe(true);
      expect(tokens).toEqual([...new Set(tokens)].sort((a, b) => (a < b ? -1 : 1)));
      expect(tokens).toHaveLength(4);
    });

    test("a second release does nothing, also when somebody else holds the lock by then", async () => {
      const first = await locks.acquire("k");
      await first.release();
      const second = await locks.acquire("k", { waitMs: 0 });
      await first.release();
      await first[Symbol.asyncDispose]();
      expect(await isFree("k")).toBe(false);
      await second.release();
      expect(locks.stats()).toMatchObject({ held: 0, waiting: 0 });
    });

    test("a lease not released in time is lost, and the lock passes to who waits", async () => {
      const slow = await locks.acquire("k", { ttlMs: BRIEF_MS });
      const next = await locks.acquire("k", { waitMs: PATIENT_MS });
      await waitFor(() => expect(slow.signal.aborted).toBe(true), { timeout: PATIENT_MS });
      expect(slow.signal.reason).toMatchObject({ code: "LEASE_LOST" });
      expect(next.token).toBeGreaterThan(slow.token);
      await slow.release();
      expect(await isFree("k")).toBe(false);
      expect(next.signal.aborted).toBe(false);
    });

    test("a lease released in time never counts as lost", async () => {
      const kept = await locks.acquire("k", { ttlMs: BRIEF_MS });
      await kept.release();
      const other = await locks.acquire("k", { ttlMs: BRIEF_MS });
      await waitFor(() => expect(other.signal.aborted).toBe(true), { timeout: PATIENT_MS });
      expect(kept.signal.aborted).toBe(false);
    });

    test("who is not served within `waitMs` gets LOCK_TIMEOUT and leaves the line", async () => {
      const held = await locks.acquire("k");
      const failure = await failureOf(locks.acquire("k", { waitMs: BRIEF_MS }));
      expect(failure).toMatchObject({ name: "RepertoireError", code: "LOCK_TIMEOUT" });
      expect(String(failure)).toContain(`"k"`);
      await held.release();
      expect(await isFree("k")).toBe(true);
      expect(locks.stats()).toMatchObject({ abandoned: 1, waiting: 0, held: 0 });
    });

    test("who is cancelled while waiting leaves the line, with the reason as the cause", async () => {
      const held = await locks.acquire("k");
      const caller = new AbortController();
      const cancelled = failureOf(
        locks.acquire("k", { signal: caller.signal, waitMs: PATIENT_MS }),
      );
      await waiting(1);
      caller.abort(new Error("no longer needed"));
      expect(await cancelled).toMatchObject({
        code: "CANCELLED",
        cause: { message: "no longer needed" },
      });
      await held.release();
      expect(await isFree("k")).toBe(true);
      expect(locks.stats()).toMatchObject({ abandoned: 1, waiting: 0, held: 0 });
    });

    test("a signal that is aborted already gets CANCELLED, and no lock", async () => {
      const signal = AbortSignal.abort("too late");
      expect(await failureOf(locks.acquire("k", { signal }))).toMatchObject({
        code: "CANCELLED",
        cause: "too late",
      });
      expect(await isFree("k")).toBe(true);
    });

    test("a signal that aborts after the grant takes nothing away", async () => {
      const caller = new AbortController();
      const lease = await locks.acquire("k", { signal: caller.signal });
      caller.abort();
      expect(lease.signal.aborted).toBe(false);
      expect(await isFree("k")).toBe(false);
    });

    test("a cancelled writer lets the readers behind it in at once", async () => {
      const held = await locks.acquire("k", { mode: "read" });
      const caller = new AbortController();
      const writer = failureOf(locks.acquire("k", { signal: caller.signal, waitMs: PATIENT_MS }));
      await waiting(1);
      const readers = Promise.all(
        [1, 2].map(() => locks.acquire("k", { mode: "read", waitMs: PATIENT_MS })),
      );
      caller.abort();
      expect(await writer).toMatchObject({ code: "CANCELLED" });
      expect((await readers).map((lease) => lease.mode)).toEqual(["read", "read"]);
      expect(held.signal.aborted).toBe(false);
    });

    test("a writer gets in although readers keep coming", async () => {
      const log: string[] = [];
      const first = await locks.acquire("k", { mode: "read" });
      const writer = visit(log, "writer", { mode: "write" });
      await waiting(1);
      const later = visit(log, "reader", { mode: "read" });
      if (isFair) await waiting(2);
      await first.release();
      await Promise.all([writer, later]);
      if (isFair) expect(log).toEqual(["writer", "reader"]);
      else expect(log.sort()).toEqual(["reader", "writer"]);
    });

    test("everybody who waits is served, and in the order they came where that is promised", async () => {
      const log: string[] = [];
      const held = await locks.acquire("k");
      const visits: Promise<void>[] = [];
      const order = ["w1", "r1", "r2", "w2", "r3"];
      for (const who of order) {
        visits.push(visit(log, who, { mode: who.startsWith("r") ? "read" : "write" }));
        await waiting(visits.length);
      }
      await held.release();
      await Promise.all(visits);
      if (isFair) expect(log).toEqual(order);
      else expect(log.sort()).toEqual(order.sort());
      expect(locks.stats()).toMatchObject({ acquired: 6, waited: 5, held: 0, waiting: 0 });
    });

    test("a writer is never with anybody else, whatever the rush", async () => {
      let readers = 0;
      let writers = 0;
      const rush = Array.from({ length: 40 }, async (_, index) => {
        const mode = index % 4 === 0 ? "write" : "read";
        await using lease = await locks.acquire("k", { mode, waitMs: PATIENT_MS * 2 });
        if (lease.mode === "write") writers += 1;
        else readers += 1;
        expect(writers === 0 || (writers === 1 && readers === 0)).toBe(true);
        await new Promise((resolve) => setImmediate(resolve));
        expect(lease.signal.aborted).toBe(false);
        if (lease.mode === "write") writers -= 1;
        else readers -= 1;
      });
      await Promise.all(rush);
      expect(locks.stats()).toMatchObject({ acquired: 40, held: 0, waiting: 0, abandoned: 0 });
    });

    test("an impossible key or time is refused by name and value", async () => {
      const messageOf = async (key: string, asked?: AcquireOptions): Promise<string> => {
        const failure = await failureOf(locks.acquire(key, asked));
        return `${(failure as { code: string }).code}: ${(failure as Error).message}`;
      };
      expect([
        await messageOf(""),
        await messageOf("x".repeat(513)),
        await messageOf("k", { ttlMs: 0 }),
        await messageOf("k", { ttlMs: Number.NaN }),
        await messageOf("k", { ttlMs: Number.POSITIVE_INFINITY }),
        await messageOf("k", { waitMs: -1 }),
        await messageOf("k", { waitMs: 2 ** 31 }),
        await messageOf("k", { mode: "exclusive" as "write" }),
      ]).toEqual([
        "INVALID_INPUT: Expected `key` to be a string of 1 to 512 characters, got an empty one",
        "INVALID_INPUT: Expected `key` to be a string of 1 to 512 characters, got one of 513 characters",
        "INVALID_INPUT: Expected `ttlMs` to be a positive number up to 2147483647, got 0",
        "INVALID_INPUT: Expected `ttlMs` to be a positive number up to 2147483647, got NaN",
        "INVALID_INPUT: Expected `ttlMs` to be a positive number up to 2147483647, got Infinity",
        "INVALID_INPUT: Expected `waitMs` to be a number from 0 to 2147483647, got -1",
        "INVALID_INPUT: Expected `waitMs` to be a number from 0 to 2147483647, got 2147483648",
        'INVALID_INPUT: Expected `mode` to be "read" or "write", got "exclusive"',
      ]);
      expect(await isFree("x".repeat(512))).toBe(true);
    });

    test("options that it does not have, and a mode in place of them, are refused", async () => {
      const messages = [];
      for (const asked of ["read", null, { ttl: 5 }, { timeoutMs: 5 }])
        messages.push(
          ((await failureOf(locks.acquire("k", asked as AcquireOptions))) as Error).message,
        );
      expect(messages).toEqual([
        'Expected `options` to be an object of mode, ttlMs, waitMs, by, note, signal, got "read"',
        "Expected `options` to be an object of mode, ttlMs, waitMs, by, note, signal, got null",
        'acquire has no option "ttl"; it takes mode, ttlMs, waitMs, by, note, signal',
        'acquire has no option "timeoutMs"; it takes mode, ttlMs, waitMs, by, note, signal',
      ]);
      expect(await isFree("k")).toBe(true);
    });

    test("closing rejects who waits, ends every lease, and grants nothing more", async () => {
      const held = await locks.acquire("k");
      const queued = failureOf(locks.acquire("k", { waitMs: PATIENT_MS }));
      await waiting(1);
      await locks.close();
      expect(await queued).toMatchObject({ code: "CLOSED" });
      expect(held.signal.reason).toMatchObject({ code: "LEASE_LOST" });
      expect(await failureOf(locks.acquire("k"))).toMatchObject({ code: "CLOSED" });
      await held.release();
      await locks.close();
      expect(locks.stats()).toMatchObject({ acquired: 1, held: 0, waiting: 0 });
    });
  });
}
