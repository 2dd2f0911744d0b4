/**
 * Entry of a worker thread. It holds slots and moves messages between them and the host thread; it
 * has no capability of its own that a guest could reach.
 */
import { parentPort, workerData } from "node:worker_threads";
import { createStartUnpacker } from "./packed-start.ts";
import type { PackedStart } from "./packed-start.ts";
import { QuickJsInstance } from "./quickjs-instance.ts";
import { createSchemaChecker } from "../run/schema-checker.ts";
import { SharedState } from "./shared-state.ts";
import { createSlot } from "./slot.ts";
import type { Slot } from "./slot.ts";
import type { FromWorker, ToWorker, WorkerSetup } from "./wire.ts";

const { module, shared, keptSlots } = workerData as WorkerSetup;
const port = parentPort;
if (port === null) throw new Error("The sandbox worker must be started as a worker thread");

const state = new SharedState(shared);
const schemas = createSchemaChecker();
const slots = new Map<number, Slot>();
const { snapshot } = new QuickJsInstance(module, {
  interrupt: () => false,
  nowMs: () => 0,
  maxTextBytes: () => 0,
  operate: () => 0,
});

function post(message: FromWorker): void {
  port?.postMessage(message);
}

function slotAt(index: number): Slot {
  const known = slots.get(index);
  if (known) return known;
  const kept = index < keptSlots;
  const slot = createSlot({ index, module, snapshot, shared: state, schemas, kept, post });
  slots.set(index, slot);
  return slot;
}

const unpack = createStartUnpacker();

port.on("message", (posted: PackedStart | ToWorker) => {
  const message: ToWorker = "kind" in posted ? posted : unpack(posted);
  const slot = slotAt(message.slot);
  switch (message.kind) {
    case "start":
      return slot.start(message.attempt, message.job);
    case "reply":
      return slot.reply(message.attempt, message.callId, message.reply, message.sentMs);
    case "cancel":
      return slot.cancel(message.attempt);
  }
});

post({ kind: "ready" });
