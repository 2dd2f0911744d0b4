import { expect, test } from "vitest";
import type { RunJournal } from "../../skill/run-journal.ts";
import { CONTRACT_LIMITS } from "../contract/program-runner.contract.ts";
import type { HostCallReply, SandboxRequest } from "../sandbox.ts";
import { createJournalRecorder } from "./journal-recorder.ts";
import { createJournal } from "./journal.ts";
import type { Job, WireReply } from "./job.ts";
import { createReplay } from "./replay.ts";

const JOB: Job = {
  kind: "run",
  program: { file: "a@1.js", code: "" },
  contextJson: "{}",
  limits: CONTRACT_LIMITS,
  seed: 1,
  now: 2,
};
const ENDED = { status: "ok", logsDropped: 0, durationMs: 1, cpuMs: 1, hostCalls: 3 } as const;

/** Lets every promise that is already settled go on. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function call(
  name: string,
  callId: number,
): Parameters<ReturnType<typeof createReplay>["call"]>[0] {
  return { callId, kind: "tool", name, args: "null" };
}

test("a run that had to be executed again has one journal, of what it was given first", async () => {
  const gates = new Map<string, (reply: HostCallReply) => void>();
  const request: SandboxRequest = {
    program: JOB.program,
    contextJson: JOB.contextJson,
    limits: JOB.limits,
    onHostCall: ({ name }) => new Promise((resolve) => gates.set(name, resolve)),
  };
  const journal = createJournal(request, createJournalRecorder(JOB, "e@1", 10_000));
  const begin = (): void =>
    journal.beginAttempt(
      () => undefined,
      () => 0,
    );
  begin();
  for (const [callId, name] of ["a", "b", "c"].entries()) journal.call(call(name, callId));
  gates.get("c")?.({ ok: true, value: 3 });
  await settle();
  begin();
  for (const [callId, name] of ["a", "b", "c"].entries()) journal.call(call(name, callId));
  gates.get("a")?.({ ok: true, value: 1 });
  await settle();
  expect(journal.conclude(ENDED)).toEqual({
    ...ENDED,
    journal: {
      engine: "e@1",
      seed: 1,
      now: 2,
      contextJson: "{}",
      calls: [
        { ...call("a", 0), reply: { ok: true, json: "1" } },
        call("b", 1),
        { ...call("c", 2), reply: { ok: true, json: "3" } },
      ],
      order: [2, 0],
    },
  });
  journal.end();
});

test("a replay that has to be executed again gives every answer again, in the same order", () => {
  const recording: RunJournal = {
    engine: "e@1",
    seed: 1,
    now: 2,
    contextJson: "{}",
    calls: [
      { ...call("a", 0), reply: { ok: true, json: "1" } },
      { ...call("b", 1), reply: { ok: true, json: "2" } },
    ],
    order: [1, 0],
  };
  let stops = 0;
  const replay = createReplay(recording, () => stops++);
  const attempts = [0, 1].map(() => {
    const sent: (readonly [number, WireReply])[] = [];
    replay.beginAttempt(
      (callId, reply) => sent.push([callId, reply]),
      () => 0,
    );
    replay.call(call("a", 0));
    replay.call(call("b", 1));
    return sent;
  });
  const unanswered = (seen: number): unknown => [
    -1,
    expect.objectContaining({ ok: false, unanswered: seen }),
  ];
  const expected = [
    unanswered(1),
    [1, { ok: true, json: "2" }],
    [0, { ok: true, json: "1" }],
    unanswered(2),
  ];
  expect(attempts).toEqual([expected, expected]);
  expect([replay.conclude(ENDED), replay.count, stops]).toEqual([ENDED, 2, 0]);
});
