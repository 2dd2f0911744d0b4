import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { noteDraft, skillDraft } from "../../../test/support/skill-draft.ts";
import { temporaryLibrary } from "../../../test/support/temporary-library.ts";
import type { TemporaryLibrary } from "../../../test/support/temporary-library.ts";
import { systemClock } from "../../base/clock.ts";
import { RepertoireError } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import { memoryLocks } from "../../lock/memory-locks.ts";
import type { SkillStore } from "../../store/skill-store.ts";
import { Claims } from "./claims.ts";
import { openLibrary } from "../open-library.ts";
import type { SkillLibrary } from "../skill-library.ts";

let place: TemporaryLibrary;
let library: SkillLibrary;
let other: SkillLibrary;

beforeEach(async () => {
  place = await temporaryLibrary({ embedder: false });
  ({ library } = place);
  other = await openLibrary({ path: place.path, embedder: false, sandbox: { workers: 1 } });
  await library.add(skillDraft("echo"), { validate: false });
});

afterEach(async () => {
  await other.close();
  await place[Symbol.asyncDispose]();
});

const failureOf = (doing: Promise<unknown>): Promise<unknown> =>
  doing.then(
    () => "done",
    (error: unknown) => error,
  );

const codeOf = async (doing: Promise<unknown>): Promise<unknown> => {
  const failure = await failureOf(doing);
  return failure instanceof RepertoireError ? failure.code : failure;
};

test("statistics tell what is held by anyone, and what of it are claims", async () => {
  const heldByAll = async (): Promise<object> => (await library.stats()).locks.heldByAll;
  expect(await heldByAll()).toEqual({ leases: 0, claims: 0 });
  const claim = await other.claim("echo");
  const lease = await library.locks.acquire("nightly");
  expect(await heldByAll()).toEqual({ leases: 2, claims: 1 });
  expect((await library.stats()).locks.held).toBe(1);
  await claim.release();
  await lease.release();
  expect(await heldByAll()).toEqual({ leases: 0, claims: 0 });
});

test("a claim is seen by everybody until it is released", async () => {
  const claim = await library.claim("echo", { by: "agent-7", note: "faster", ttlMs: 60_000 });
  const shown = {
    by: "agent-7",
    note: "faster",
    token: String(claim.token),
    since: expect.stringMatching(/Z$/),
    until: expect.stringMatching(/Z$/),
  };
  for (const each of [library, other]) {
    const skill = await each.get("echo");
    expect(skill?.claim).toEqual(shown);
    expect(await each.get("echo")).toBe(skill);
    expect((await each.get("echo", { useCache: false }))?.claim).toEqual(shown);
    expect((await each.get("echo", { version: 1 }))?.claim).toEqual(shown);
    expect((await each.list())[0]?.claim).toEqual(shown);
    expect((await each.search("echo")).matches[0]?.claim).toEqual(shown);
  }
  const { since = "", until = "" } = (await other.get("echo"))?.claim ?? {};
  expect(Date.parse(until) - Date.parse(since)).toBeCloseTo(60_000, -1);
  expect(await other.get("echo", { asOf: 1 })).not.toHaveProperty("claim");
  await claim.release();
  for (const each of [library, other]) {
    expect(await each.get("echo")).not.toHaveProperty("claim");
    expect((await each.list())[0]).not.toHaveProperty("claim");
    expect((await each.search("echo")).matches[0]).not.toHaveProperty("claim");
  }
});

test("who comes second is told who was first, and can wait", async () => {
  const claim = await library.claim("echo", { by: "agent-7", note: "faster" });
  const failure = await failureOf(other.claim("echo", { by: "agent-8" }));
  expect(failure).toMatchObject({
    code: "LOCK_TIMEOUT",
    message: expect.stringMatching(
      /^Skill "echo" is claimed by "agent-7" until [^ ]+Z \(faster\); work on something else, or wait for it with `waitMs`$/,
    ),
    details: { skillId: "echo", holders: [{ by: "agent-7", token: String(claim.token) }] },
  });
  const next = other.claim("echo", { by: "agent-8", waitMs: 20_000 });
  await claim.release();
  await using second = await next;
  expect(second.token).toBeGreaterThan(claim.token);
  expect((await library.get("echo"))?.claim?.by).toBe("agent-8");
});

test("a claim lasts ten minutes unless it says otherwise, and is gone when its time has passed", async () => {
  const claim = await library.claim("echo");
  const { since = "", until = "" } = (await library.get("echo"))?.claim ?? {};
  expect(Date.parse(until) - Date.parse(since)).toBeCloseTo(600_000, -1);
  await claim.renew(50);
  await vi.waitFor(async () => expect(await other.get("echo")).not.toHaveProperty("claim"), 5_000);
  expect(claim.held()).toBe(false);
});

test("a claim is ended by whoever has to, and its holder learns it", async () => {
  const claim = await library.claim("echo");
  const lost = new Promise((resolve) => claim.signal.addEventListener("abort", resolve));
  expect(await other.endClaim("echo")).toBe(true);
  expect(await other.endClaim("echo")).toBe(false);
  await lost;
  expect(await codeOf(library.setStatus("echo", "deprecated", { lease: claim }))).toBe(
    "LEASE_LOST",
  );
});

test("a claim can be taken up in another process by its token", async () => {
  const claim = await library.claim("echo", { by: "agent-7", ttlMs: 60_000 });
  claim.detach();
  const again = await other.claim("echo", { token: claim.token, ttlMs: 120_000 });
  expect(again.token).toBe(claim.token);
  expect((await other.get("echo"))?.claim?.by).toBe("agent-7");
  const asked = { token: claim.token, signal: AbortSignal.abort() };
  expect(await codeOf(other.claim("echo", asked))).toBe("CANCELLED");
  await again.release();
  expect(await codeOf(other.claim("echo", { token: claim.token }))).toBe("LEASE_LOST");
});

/** Every way to write, with a lease. */
function writes(lease: {
  readonly key: string;
  readonly token: bigint;
}): readonly (() => Promise<unknown>)[] {
  const draft = skillDraft("echo", { description: "Changed" });
  const options = { expectedVersion: "any", validate: false, lease } as const;
  const flow = { id: "flow", name: "Flow", description: "A flow", steps: ["echo"] };
  return [
    () => library.add(draft, options),
    () =>
      library.addMany([draft], options).then(([outcome]) => {
        if (outcome?.ok === false) throw outcome.error;
      }),
    () => library.rollback("echo", 1, { lease }),
    () => library.setStatus("echo", "deprecated", { lease }),
    () => library.remove("echo", { lease }),
    () => library.saveWorkflow(flow, { lease, validate: false }),
  ];
}

test("no write is made under a lease that has ended, and every one tells so", async () => {
  const lost = await library.claim("echo");
  await lost.release();
  const current = await other.claim("echo");
  const before = await library.stats();
  for (const write of writes(lost)) {
    expect(await failureOf(write())).toMatchObject({
      code: "LEASE_LOST",
      message: expect.stringContaining(
        `the lease of lock "skill:echo" with token ${lost.token} has ended, and its current token is ${current.token}, of somebody else`,
      ),
      details: {
        key: "skill:echo",
        token: String(lost.token),
        currentToken: String(current.token),
      },
    });
  }
  expect((await library.stats()).revision).toBe(before.revision);
});

test("a draft that is stored already is refused all the same under a lease that has ended", async () => {
  const ended = await library.locks.acquire("nightly");
  await ended.release();
  const drafts = [skillDraft("echo"), noteDraft("new")];
  const again = (lease?: { key: string; token: bigint }): Promise<unknown> =>
    failureOf(library.add(drafts[0], lease === undefined ? {} : { lease }));
  expect(await again()).toBe("done");
  expect(await again(ended)).toMatchObject({ code: "LEASE_LOST" });
  expect(await library.addMany(drafts, { lease: ended })).toMatchObject([
    { ok: false, error: { code: "LEASE_LOST" } },
    { ok: false, error: { code: "LEASE_LOST" } },
  ]);
  await using held = await library.locks.acquire("nightly");
  const { checks } = (await library.get("echo"))!;
  expect(await library.add(drafts[0], { lease: held })).toMatchObject({ created: false, checks });
  expect(await library.getVersionHistory("echo")).toHaveLength(1);
});

test("a batch whose lease ends midway keeps what was committed, and writes no more", async () => {
  const lease = await library.locks.acquire("import", { ttlMs: 60_000 });
  const drafts = Array.from({ length: 320 }, (_, n) => noteDraft(`note-${n}`));
  let revoking: Promise<number> | undefined;
  const outcomes = await library.addMany(drafts, {
    lease,
    onResult: () => (revoking ??= other.locks.revoke("import")),
  });
  expect(await revoking).toBe(1);
  const refused = outcomes.findIndex(({ ok }) => !ok);
  expect(refused).toBeGreaterThanOrEqual(64);
  const codes = outcomes.slice(refused).map((each) => (each.ok ? "added" : each.error.code));
  expect(new Set(codes)).toEqual(new Set(["LEASE_LOST"]));
  const stored = (await other.list({ limit: 1000 })).filter(({ id }) => id.startsWith("note-"));
  expect(stored).toHaveLength(refused);
});

test("writes under a lease that is held are made, also of other skills than its key names", async () => {
  await using lease = await library.locks.acquire("import");
  const fence = { key: lease.key, token: lease.token };
  expect(await library.add(noteDraft("new"), { lease: fence })).toMatchObject({ version: 1 });
  expect(await library.setStatus("echo", "deprecated", { lease })).toMatchObject({ id: "echo" });
  expect(library.sync.add(noteDraft("sync"), { lease })).toMatchObject({ version: 1 });
  expect(await library.remove("echo", { lease })).toMatchObject({ id: "echo" });
});

test("a lease for reading guards no write", async () => {
  await using lease = await library.locks.acquire("k", { mode: "read" });
  for (const write of writes(lease))
    expect(await failureOf(write())).toMatchObject({
      code: "INVALID_INPUT",
      message: expect.stringContaining('take it in mode "write"'),
    });
  const { key, token } = lease;
  expect(await failureOf(library.add(noteDraft("new"), { lease: { key, token } }))).toMatchObject({
    code: "LEASE_LOST",
    message: expect.stringContaining("nobody holds it for writing now"),
  });
});

test("what is no lease is refused", async () => {
  for (const lease of [{}, { key: "k" }, { key: "k", token: 5 }, { key: 1, token: 1n }, "k"]) {
    for (const write of writes(lease as { key: string; token: bigint }))
      expect(await codeOf(write())).toBe("INVALID_INPUT");
  }
  const claims = [
    library.claim("Not An Id"),
    library.claim("echo", { ttlMs: Number.NaN }),
    library.claim("echo", { ttlMs: -1 }),
    library.claim("echo", { token: 5 as unknown as bigint }),
    library.claim("echo", { token: 2n ** 63n }),
    library.claim("echo", { token: 1n, by: "agent-7" }),
    library.claim("echo", { token: 1n, note: "faster" }),
    library.claim("echo", { token: 1n, waitMs: 1000 }),
    library.claim("echo", { mode: "read" } as object),
    library.endClaim("Not An Id"),
  ];
  for (const code of await Promise.all(claims.map(codeOf))) expect(code).toBe("INVALID_INPUT");
});

test("a claim keeps nobody from writing by default", async () => {
  await using _ = await other.claim("echo");
  expect(await library.setStatus("echo", "deprecated")).toMatchObject({ id: "echo" });
});

test("where claims are exclusive, a claimed skill is written with the claim alone", async () => {
  const path = place.path;
  const options = { path, embedder: false, sandbox: { workers: 1 } } as const;
  const strict = await openLibrary({ ...options, policy: { claims: "exclusive" } });
  try {
    const claim = await other.claim("echo", { by: "agent-7" });
    expect(await failureOf(strict.setStatus("echo", "deprecated"))).toMatchObject({
      code: "LOCK_TIMEOUT",
      message: expect.stringMatching(
        /^Can not write skill "echo": "agent-7" has claimed it until /,
      ),
    });
    await using lease = await strict.locks.acquire("mine");
    expect(await codeOf(strict.setStatus("echo", "deprecated", { lease }))).toBe("LOCK_TIMEOUT");
    expect(await codeOf(strict.add(noteDraft("free")))).toBe("done");
    expect(await codeOf(strict.setStatus("echo", "deprecated", { lease: claim }))).toBe("done");
    await claim.release();
    expect(await codeOf(strict.setStatus("echo", "active"))).toBe("done");
  } finally {
    await strict.close();
  }
});

test("claims end with the library, and waits for them do", async () => {
  await other.claim("echo");
  const waits = codeOf(library.claim("echo", { waitMs: 60_000 }));
  await vi.waitFor(() => expect(library.locks.stats().waiting).toBe(1), 5_000);
  await library.close();
  expect(await waits).toBe("CLOSED");
  expect(await codeOf(library.claim("echo"))).toBe("CLOSED");
  await other.close();
  const third = await openLibrary({ path: place.path, embedder: false, sandbox: { workers: 1 } });
  expect(await third.get("echo")).not.toHaveProperty("claim");
  await third.close();
});

test("who holds claims is read again only when the store saw a commit", async () => {
  const locks = memoryLocks();
  const holders = vi.spyOn(locks, "holders");
  const store = { commitsSeen: 1, checksGuards: true } as unknown as SkillStore & {
    commitsSeen: number;
  };
  const parts = { store, locks, clock: systemClock, limits: LIMITS, areExclusive: false };
  const claims = new Claims({ ...parts, shareFile: true });
  for (let count = 0; count < 5; count++) expect(claims.of("echo")).toBeUndefined();
  expect(holders).toHaveBeenCalledTimes(1);
  const claim = await claims.claim("echo");
  store.commitsSeen += 1;
  expect(claims.of("echo")).toMatchObject({ token: String(claim.token) });
  expect(holders).toHaveBeenCalledTimes(2);
  await locks.close();
});

test("a store that can not check leases is never given one", async () => {
  const store = { checksGuards: false } as unknown as SkillStore;
  const parts = { store, locks: memoryLocks(), clock: systemClock, limits: LIMITS };
  const claims = new Claims({ ...parts, shareFile: false, areExclusive: false });
  expect(() => claims.guard("echo", { key: "k", token: 1n })).toThrow(/can not check leases/);
  expect(claims.guard("echo", undefined)).toEqual({});
  const exclusive = new Claims({ ...parts, shareFile: false, areExclusive: true });
  expect(() => exclusive.guard("echo", undefined)).toThrow(/claims` advisory/);
});
