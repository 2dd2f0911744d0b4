/** What every {@link LockDriver} must do with locks that are held: part of `lock-driver.contract.ts`. */
import {
  afterEach,
  beforeEach,
  describe,
  test,
  waitFor,
} from "../testing/contract/contract-suite.ts";
import { expect } from "../testing/contract/expect.ts";
import type { RepertoireError } from "../base/errors.ts";
import type { LockDriver } from "./lock-driver.ts";

/** Long enough to be noticed as a hang, short enough to wait for. */
const PATIENT_MS = 5_000;
const BRIEF_MS = 60;

export function describeHeldLocks(
  name: string,
  create: () => LockDriver | Promise<LockDriver>,
): void {
  describe(`held locks: ${name}`, () => {
    let locks: LockDriver;

    beforeEach(async () => {
      locks = await create();
    });

    afterEach(() => locks.close());

    const failureOf = (doing: Promise<unknown>): Promise<unknown> =>
      doing.then(
        () => "done",
        (error: unknown) => error,
      );

    test("a lease is held until it is released", async () => {
      const lease = await locks.acquire("k");
      expect(lease.held()).toBe(true);
      await lease.release();
      expect(lease.held()).toBe(false);
      expect(lease.signal.aborted).toBe(false);
    });

    test("a lease is held until its time has passed, also for who never looks at its signal", async () => {
      const lease = await locks.acquire("k", { ttlMs: BRIEF_MS });
      await waitFor(() => expect(lease.held()).toBe(false), { timeout: PATIENT_MS });
      expect(lease.signal.reason).toMatchObject({ code: "LEASE_LOST" });
    });

    test("a lease of which the time has passed while its process was busy is not held", async () => {
      const lease = await locks.acquire("k", { ttlMs: BRIEF_MS });
      const busyUntilMs = performance.now() + 2 * BRIEF_MS;
      while (performance.now() < busyUntilMs);
      expect(lease.held()).toBe(false);
    });

    test("a renewed lease lasts longer than it was asked for", async () => {
      const lease = await locks.acquire("k", { ttlMs: 400 });
      await lease.renew(PATIENT_MS);
      const refused = await failureOf(locks.acquire("k", { waitMs: 500 }));
      expect(refused).toMatchObject({ code: "LOCK_TIMEOUT" });
      expect(lease.held()).toBe(true);
    });

    test("a renewed lease may also last for less time", async () => {
      const lease = await locks.acquire("k", { ttlMs: 60_000 });
      const next = locks.acquire("k", { waitMs: PATIENT_MS });
      // By then those who wait know when its time would have passed.
      await new Promise((resolve) => setTimeout(resolve, BRIEF_MS));
      await lease.renew(BRIEF_MS);
      expect((await next).token).toBeGreaterThan(lease.token);
      expect(lease.held()).toBe(false);
    });

    test("a lease that has ended can not be renewed", async () => {
      const lost = await locks.acquire("lost", { ttlMs: BRIEF_MS });
      const released = await locks.acquire("released");
      await released.release();
      await waitFor(() => expect(lost.held()).toBe(false), { timeout: PATIENT_MS });
      expect(await failureOf(lost.renew())).toMatchObject({ code: "LEASE_LOST" });
      expect(await failureOf(released.renew())).toMatchObject({
        code: "LEASE_LOST",
        message: 'Can not renew the lease of lock "released": it was released; take the lock again',
      });
    });

    test("an impossible time renews nothing", async () => {
      const lease = await locks.acquire("k");
      const failures = [];
      for (const ttlMs of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31])
        failures.push(await failureOf(lease.renew(ttlMs)));
      expect(failures.map((failure) => (failure as RepertoireError).code)).toEqual(
        failures.map(() => "INVALID_INPUT"),
      );
      expect(lease.held()).toBe(true);
    });

    test("others are told who holds a lock, what for and how long", async () => {
      const write = await locks.acquire("job/1", { by: "agent-7", note: "tests", ttlMs: 60_000 });
      const read = await locks.acquire("job/2", { mode: "read", ttlMs: 60_000 });
      await locks.acquire("other");
      const holders = await locks.holders("job/");
      expect(holders).toMatchObject([
        { key: "job/1", mode: "write", token: write.token, by: "agent-7", note: "tests" },
        { key: "job/2", mode: "read", token: read.token, by: `process ${process.pid}` },
      ]);
      for (const { heldMs, remainingMs } of holders) {
        expect(heldMs).toBeGreaterThanOrEqual(0);
        expect(remainingMs).toBeGreaterThan(0);
        expect(remainingMs + heldMs).toBeCloseTo(60_000, 0);
      }
      await write.release();
      expect((await locks.holders("job/")).map(({ key }) => key)).toEqual(["job/2"]);
      expect(await locks.holders("no such")).toEqual([]);
    });

    test("who is refused is told who holds it, and until when", async () => {
      await locks.acquire("k", { by: "agent-7", ttlMs: 60_000 });
      const failure = await failureOf(locks.acquire("k", { waitMs: 0 }));
      expect(failure).toMatchObject({
        code: "LOCK_TIMEOUT",
        details: {
          key: "k",
          mode: "write",
          waitMs: 0,
          holders: [{ by: "agent-7", mode: "write" }],
        },
      });
      expect((failure as Error).message).toMatch(
        /^Could not take lock "k" within 0 ms: it is held by "agent-7" until \d{4}-\d\d-\d\dT[^ ]+Z; hold it/,
      );
    });

    test("a lease can be taken up by its key and token", async () => {
      const lease = await locks.acquire("k", { mode: "read", ttlMs: 60_000 });
      lease.detach();
      const again = await locks.resume("k", lease.token, 30_000);
      expect([again.key, again.mode, again.token, again.held()]).toEqual([
        "k",
        "read",
        lease.token,
        true,
      ]);
      await again.release();
      expect(await locks.holders("k")).toEqual([]);
      expect(await failureOf(locks.resume("k", lease.token))).toMatchObject({
        code: "LEASE_LOST",
        details: { key: "k", token: String(lease.token) },
      });
    });

    test("a detached lease outlives its release", async () => {
      const lease = await locks.acquire("k", { ttlMs: 60_000 });
      lease.detach();
      await lease.release();
      await lease[Symbol.asyncDispose]();
      expect((await locks.holders("k")).map(({ token }) => token)).toEqual([lease.token]);
    });

    test("a lease is taken up neither by another key nor by another token", async () => {
      const lease = await locks.acquire("k");
      const failures = await Promise.all([
        failureOf(locks.resume("other", lease.token)),
        failureOf(locks.resume("k", lease.token + 1n)),
        failureOf(locks.resume("k", 0n)),
        failureOf(locks.resume("k", 1 as unknown as bigint)),
        failureOf(locks.resume("k", 2n ** 63n)),
      ]);
      expect(failures.map((failure) => (failure as RepertoireError).code)).toEqual([
        "LEASE_LOST",
        "LEASE_LOST",
        "INVALID_INPUT",
        "INVALID_INPUT",
        "INVALID_INPUT",
      ]);
      expect(lease.held()).toBe(true);
    });

    test("a revoked lease is lost at once, and the lock passes to who waits", async () => {
      const lease = await locks.acquire("k", { ttlMs: 60_000 });
      const next = locks.acquire("k", { waitMs: PATIENT_MS });
      await waitFor(() => expect(locks.stats().waiting).toBe(1), { timeout: PATIENT_MS });
      expect(await locks.revoke("k")).toBe(1);
      expect(lease.held()).toBe(false);
      expect(lease.signal.reason).toMatchObject({
        code: "LEASE_LOST",
        message:
          'The lease of lock "k" ended before it was released, because it was revoked; take the lock again',
      });
      expect((await next).held()).toBe(true);
      expect(await locks.revoke("nobody's")).toBe(0);
    });

    test("a lock's name of 10 KB, or with half a character, is refused everywhere", async () => {
      const codes = [];
      for (const key of ["x".repeat(10_240), "\ud800", "", undefined as unknown as string]) {
        for (const call of [
          () => locks.acquire(key),
          () => locks.resume(key, 1n),
          () => locks.revoke(key),
        ])
          codes.push(((await failureOf(call())) as RepertoireError).code);
      }
      expect(new Set(codes)).toEqual(new Set(["INVALID_INPUT"]));
    });

    test("who holds locks is asked with the beginning of their names", async () => {
      const listed = async (prefix: unknown): Promise<unknown> => locks.holders(prefix as string);
      for (const prefix of [undefined, null, 5, {}])
        expect(await failureOf(listed(prefix))).toMatchObject({ code: "INVALID_INPUT" });
    });

    test("words about the holder must be texts of a sensible length", async () => {
      const messages = [];
      for (const asked of [{ by: "" }, { by: "x".repeat(257) }, { note: "" }, { note: 5 }])
        messages.push(
          ((await failureOf(locks.acquire("k", asked as { by: string }))) as Error).message,
        );
      expect(messages).toEqual([
        'Expected `by` to be a text of 1 to 256 characters, got ""',
        expect.stringMatching(/^Expected `by` to be a text of 1 to 256 characters, got "xxx/),
        'Expected `note` to be a text of 1 to 1024 characters, got ""',
        "Expected `note` to be a text of 1 to 1024 characters, got 5",
      ]);
    });
  });
}
