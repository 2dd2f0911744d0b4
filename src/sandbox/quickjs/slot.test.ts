import { expect, test } from "vitest";
import { CONTRACT_LIMITS, mainOf } from "../contract/program-runner.contract.ts";
import { loadEngine } from "./engine-binary.ts";
import { QuickJsInstance } from "./quickjs-instance.ts";
import { createSchemaChecker } from "../run/schema-checker.ts";
import { monotonicMs } from "../run/monotonic.ts";
import { SharedState } from "./shared-state.ts";
import { createSlot } from "./slot.ts";
import type { WireOutcome } from "../run/job.ts";
import type { FromWorker } from "./wire.ts";

const TIMEOUT_MS = 250;

const WAITING = mainOf("return await host.tool('a');");

/** A slot in this thread with a program in it; nothing outside watches over it. */
async function slotWith(code: string) {
  const module = await loadEngine();
  const host = { interrupt: () => false, nowMs: () => 0, maxTextBytes: () => 0, operate: () => 0 };
  const { snapshot } = new QuickJsInstance(module, host);
  const shared = SharedState.forSlots(1);
  const { promise: outcome, resolve } = Promise.withResolvers<WireOutcome | undefined>();
  const post = (message: FromWorker): void => {
    if (message.kind === "done") resolve(message.outcome);
  };
  const schemas = createSchemaChecker();
  const slot = createSlot({ index: 0, module, snapshot, shared, schemas, kept: true, post });
  shared.assign(0);
  slot.start(1, {
    kind: "run",
    program: { file: "a@1.js", code },
    contextJson: "null",
    limits: { ...CONTRACT_LIMITS, timeoutMs: TIMEOUT_MS },
    seed: 0,
    now: 0,
  });
  return { slot, shared, outcome };
}

/** What a neighbour does that does not let go of the thread. */
function hold(ms: number): void {
  const untilMs = monotonicMs() + ms;
  while (monotonicMs() < untilMs);
}

test("a run gets back the time an answer lay unread behind a neighbour", async () => {
  const { slot, shared, outcome } = await slotWith(WAITING);
  const sentMs = monotonicMs();
  shared.askTurn(0);
  hold(3 * TIMEOUT_MS);
  // The timer of the deadline is due before the message with the answer.
  await new Promise((resolve) => setTimeout(resolve, 5));
  slot.reply(1, 0, { ok: true, json: "5" }, sentMs);
  expect(await outcome).toMatchObject({ status: "ok", valueJson: "5" });
  expect(shared.awaitsTurn(0)).toBe(false);
  expect(shared.creditMs(0)).toBeGreaterThanOrEqual(3 * TIMEOUT_MS);
});

test("time a run spent waiting for its host is not given back", async () => {
  const { slot, shared, outcome } = await slotWith(WAITING);
  hold(3 * TIMEOUT_MS);
  shared.askTurn(0);
  slot.reply(1, 0, { ok: true, json: "5" }, monotonicMs());
  expect(await outcome).toMatchObject({ status: "timeout" });
  expect(shared.creditMs(0)).toBe(0);
});

test("a run says that it had returned when work it forked does not end", async () => {
  const { outcome } = await slotWith(
    "const f = () => Promise.resolve().then(f); export default () => { f(); return 1; };",
  );
  expect((await outcome)?.error?.message).toBe(
    `The run did not finish within ${TIMEOUT_MS} ms: it had returned, but work it did not wait for went on; end that work`,
  );
});

test("a result that is never encoded is not work it did not wait for", async () => {
  const { outcome } = await slotWith("export default () => ({ toJSON() { for (;;); } });");
  expect((await outcome)?.error?.message).toBe(
    `The run did not finish within ${TIMEOUT_MS} ms; do less, or raise timeoutMs`,
  );
});

test("work left in the queue by an error is a warning", async () => {
  const { outcome } = await slotWith(
    "export default () => { Promise.resolve().then(() => 1); throw new Error('x'); };",
  );
  const { status, warnings } = (await outcome) ?? {};
  expect([status, warnings]).toEqual([
    "error",
    [
      "Work was left in the queue of promises when the run ended and was dropped; await every promise whose end matters",
    ],
  ]);
});

test("a run that waited for its host says for what", async () => {
  const { outcome } = await slotWith(
    mainOf("await Promise.all([host.tool('slow', 1), host.skill('ns/b'), host.sleep(1e6)]);"),
  );
  expect((await outcome)?.error?.message).toBe(
    `The run did not finish within ${TIMEOUT_MS} ms: it waited for its host (tool: slow; skill: ns/b; sleep); ask for less, or raise timeoutMs`,
  );
});

test("a run that waited for nothing says so", async () => {
  const { outcome } = await slotWith(mainOf("await new Promise(() => {});"));
  expect((await outcome)?.error?.message).toBe(
    `The run did not finish within ${TIMEOUT_MS} ms: it waited for a promise that nothing settled; resolve it, or do not wait for it`,
  );
});
