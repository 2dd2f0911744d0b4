import { expect, test } from "vitest";
import { CONTRACT_LIMITS } from "../contract/program-runner.contract.ts";
import { createJournal } from "./journal.ts";
import type { Journal } from "./journal.ts";
import type { HostCallReply, SandboxRequest } from "../sandbox.ts";
import type { CallKind, WireReply } from "./job.ts";

function request(onHostCall: SandboxRequest["onHostCall"]): SandboxRequest {
  return {
    program: { file: "a@1.js", code: "" },
    contextJson: "null",
    limits: CONTRACT_LIMITS,
    onHostCall,
  };
}

function call(journal: Journal, callId: number, name: string, kind: CallKind = "tool"): void {
  journal.call({ callId, kind, name, args: "null" });
}

/** Lets every promise that is already settled go on. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("a repeated attempt gets every answer in the first order, and no call is made twice", async () => {
  const gates = new Map<string, (reply: HostCallReply) => void>();
  const made: string[] = [];
  const journal = createJournal(
    request(({ name }) => {
      made.push(name);
      return new Promise((resolve) => gates.set(name, resolve));
    }),
  );
  const first: number[] = [];
  journal.beginAttempt(
    (callId) => first.push(callId),
    () => 0,
  );
  for (const [callId, name] of ["a", "b", "c"].entries()) call(journal, callId, name);
  gates.get("c")?.({ ok: true, value: 3 });
  await settle();
  gates.get("a")?.({ ok: true, value: 1 });
  await settle();
  expect(first).toEqual([2, 0]);

  const second: [number, WireReply][] = [];
  journal.beginAttempt(
    (callId, reply) => second.push([callId, reply]),
    () => 0,
  );
  call(journal, 0, "a");
  expect(second).toEqual([]);
  call(journal, 1, "b");
  call(journal, 2, "c");
  gates.get("b")?.({ ok: true, value: 2 });
  await settle();
  expect(second).toEqual([
    [2, { ok: true, json: "3" }],
    [0, { ok: true, json: "1" }],
    [1, { ok: true, json: "2" }],
  ]);
  expect([made, journal.count]).toEqual([["a", "b", "c"], 3]);
  journal.end();
});

test("an attempt that makes another call than the first did is told so", async () => {
  const journal = createJournal(request(async () => ({ ok: true, value: 1 })));
  journal.beginAttempt(
    () => undefined,
    () => 0,
  );
  call(journal, 0, "a");
  await settle();
  const replies: WireReply[] = [];
  journal.beginAttempt(
    (_callId, reply) => replies.push(reply),
    () => 0,
  );
  call(journal, 0, "b");
  expect(replies).toEqual([
    {
      ok: false,
      error: { name: "InternalError", message: "A repeated run made a different host call" },
    },
  ]);
  journal.end();
});

test("progress is told once however often a run is repeated", () => {
  const seen: number[] = [];
  const journal = createJournal({
    ...request(async () => ({ ok: true, value: 1 })),
    onProgress: (fraction) => seen.push(fraction),
  });
  journal.progress(0, 0.5, undefined);
  journal.progress(0, 0.5, undefined);
  expect(seen).toEqual([0.5]);
});

test("an answer larger than the run's memory is a failure that says so", async () => {
  const value = "x".repeat(CONTRACT_LIMITS.memoryBytes);
  const journal = createJournal(request(async () => ({ ok: true, value })));
  const replies: WireReply[] = [];
  journal.beginAttempt(
    (_callId, reply) => replies.push(reply),
    () => 0,
  );
  call(journal, 0, "a");
  await settle();
  expect(replies).toMatchObject([{ ok: false, error: { name: "LimitError" } }]);
  journal.end();
});

test("a large request is compared on repeats without being kept", async () => {
  const args = JSON.stringify("x".repeat(100_000));
  const journal = createJournal(request(async () => ({ ok: true, value: 1 })));
  const replies: WireReply[] = [];
  for (const text of [args, args, args.replace("x", "y")]) {
    journal.beginAttempt(
      (_callId, reply) => replies.push(reply),
      () => 0,
    );
    journal.call({ callId: 0, kind: "tool", name: "a", args: text });
    await settle();
  }
  expect(replies).toEqual([
    { ok: true, json: "1" },
    { ok: true, json: "1" },
    {
      ok: false,
      error: { name: "InternalError", message: "A repeated run made a different host call" },
    },
  ]);
  journal.end();
});

test("answers beyond what a run may keep are failures, in every attempt alike", async () => {
  const limits = { ...CONTRACT_LIMITS, resultBytes: 100 };
  const journal = createJournal({
    ...request(async () => ({ ok: true, value: "x".repeat(300) })),
    limits,
  });
  const attempts: boolean[][] = [];
  for (let attempt = 0; attempt < 2; attempt++) {
    const oks: boolean[] = [];
    attempts.push(oks);
    journal.beginAttempt(
      (_callId, reply) => oks.push(reply.ok),
      () => 0,
    );
    for (const callId of [0, 1]) call(journal, callId, "a");
    await settle();
  }
  expect(attempts).toEqual([
    [true, false],
    [true, false],
  ]);
  journal.end();
});

test("an answer that can not be sent becomes a failure", async () => {
  const journal = createJournal(request(async () => ({ ok: true, value: 1 })));
  const replies: WireReply[] = [];
  journal.beginAttempt(
    (_callId, reply) => {
      if (reply.ok) throw new Error("DataCloneError");
      replies.push(reply);
    },
    () => 0,
  );
  call(journal, 0, "a");
  await settle();
  expect(replies).toEqual([
    { ok: false, error: { name: "Error", message: "The host's answer could not be sent" } },
  ]);
  journal.end();
});
