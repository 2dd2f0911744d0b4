/**
 * The host calls of a run that repeats a recorded one. Every answer comes from the recording, in
 * the order it had there, and nothing reaches the host. The first call that is not the recorded one
 * stops the run.
 *
 * A program can also leave the recording by waiting for what is not in it. Only its engine knows
 * that it waits, so whenever there is nothing to answer the engine is told how far the host has
 * seen (`WireReply.unanswered`), and ends the run if the program has come no further.
 */
import { shortened, textsThatDiffer } from "../../skill/divergence-text.ts";
import { isUnanswered } from "./run-ending.ts";
import type { Divergence, JournaledCall, RunJournal } from "../../skill/run-journal.ts";
import type { Conclusion, Journal, SendReply } from "./journal.ts";
import type { WireCall } from "./job.ts";

/** The id of what is no answer; no call has it. */
const NO_CALL = -1;

/** @param stop ends the run as cancelled, because it left the recording */
export function createReplay(recording: RunJournal, stop: () => void): Journal {
  const calls = new Map(recording.calls.map((call) => [call.callId, call]));
  const lastId = recording.calls.at(-1)?.callId ?? NO_CALL;
  const isTruncated = recording.truncated === true;
  const known = new Set<number>();
  let issued = new Set<number>();
  let seen = 0;
  let cursor = 0;
  let send: SendReply = () => undefined;
  let divergence: Divergence | undefined;
  /** Whether the recorded run was stopped where this one is now. */
  let reachedStop = false;

  function pump(): void {
    if (divergence !== undefined || reachedStop) return;
    for (;;) {
      const callId = recording.order[cursor];
      const reply = callId === undefined ? undefined : calls.get(callId)?.reply;
      if (callId === undefined || reply === undefined || !issued.has(callId)) break;
      cursor++;
      send(callId, reply);
    }
    const error = { name: "Unanswered", message: "The journal has no answer" };
    send(NO_CALL, { ok: false, error, unanswered: seen });
  }

  function diverge(found: Divergence): void {
    if (divergence !== undefined || reachedStop) return;
    divergence = found;
    stop();
  }

  function call(made: WireCall): void {
    const { callId } = made;
    note(callId);
    issued.add(callId);
    const recorded = calls.get(callId);
    const actual = describeCall(made);
    if (recorded === undefined) return beyond(callId, actual);
    if (made.kind !== recorded.kind || made.name !== recorded.name || made.args !== recorded.args) {
      diverge({ callId, what: "call", ...textsThatDiffer(describeCall(recorded), actual) });
    }
    pump();
  }

  /** A call that was not recorded: the recorded run may have been stopped before it came so far. */
  function beyond(callId: number, actual: string): void {
    if (recording.stopped !== undefined && !isTruncated && callId > lastId) {
      reachedStop = true;
      return stop();
    }
    const expected = isTruncated ? NO_ROOM : "no call";
    diverge({ callId, what: "unrecorded-call", expected, actual: shortened(actual) });
  }

  function note(callId: number): void {
    known.add(callId);
    seen = Math.max(seen, callId + 1);
  }

  /** What the program waits for that never comes. */
  function endlessWait(): Divergence {
    const given = new Set(recording.order.slice(0, cursor));
    const waiting = recording.calls.find(({ callId: id }) => issued.has(id) && !given.has(id));
    return {
      ...(waiting === undefined ? {} : { callId: waiting.callId }),
      what: "call",
      expected: isTruncated ? NO_ROOM : "no further wait",
      actual:
        waiting === undefined
          ? "a wait for something that is no call"
          : shortened(`a wait for the answer to ${describeCall(waiting)}`),
    };
  }

  /** The first call of the recorded run that this one ended without. */
  function missingCall(outcome: Conclusion): Divergence | undefined {
    if (outcome.status === "timeout" || outcome.status === "cancelled") return undefined;
    const missing = recording.calls.find(({ callId }) => !known.has(callId));
    return missing === undefined
      ? undefined
      : {
          callId: missing.callId,
          what: "missing-call",
          expected: shortened(describeCall(missing)),
          actual: shortened(`the run ended with ${describeEnding(outcome)} without it`),
        };
  }

  return {
    beginAttempt(newSend) {
      send = newSend;
      issued = new Set();
      seen = 0;
      cursor = 0;
    },
    call,
    progress(callId) {
      note(callId);
      const recorded = calls.get(callId);
      if (recorded !== undefined) {
        const expected = shortened(describeCall(recorded));
        diverge({ callId, what: "call", expected, actual: "a report of progress" });
      }
      pump();
    },
    get count() {
      return known.size;
    },
    conclude(outcome) {
      const { stopped } = recording;
      if (divergence === undefined && stopped !== undefined) {
        const isComplete = !isTruncated && recording.calls.every(({ callId }) => known.has(callId));
        const waitsAsRecorded = isUnanswered(outcome) && isComplete;
        if (reachedStop || waitsAsRecorded) return { ...withoutValue(outcome), ...stopped };
      }
      if (divergence !== undefined) return diverged(outcome, divergence);
      if (isUnanswered(outcome)) return diverged(outcome, endlessWait());
      const missing = missingCall(outcome);
      return missing === undefined ? outcome : { ...outcome, divergence: missing };
    },
    end() {
      send = () => undefined;
    },
  };
}

const NO_ROOM = "nothing: the journal had no room for what comes here";

function withoutValue({ valueJson: _, ...outcome }: Conclusion): Conclusion {
  return outcome;
}

function diverged(outcome: Conclusion, divergence: Divergence): Conclusion {
  const { callId, expected, actual } = divergence;
  const where = callId === undefined ? "" : ` at call ${callId}`;
  return {
    ...withoutValue(outcome),
    status: "error",
    error: {
      name: "ReplayDivergedError",
      message: `The run left its recording${where}: expected ${expected}, got ${actual}`,
      code: "REPLAY_DIVERGED",
    },
    divergence,
  };
}

function describeEnding({ status, error }: Conclusion): string {
  return error === undefined ? status : `${status} (${error.name}: ${error.message})`;
}

function describeCall({ kind, name, args }: Pick<JournaledCall, "kind" | "name" | "args">): string {
  if (kind === "sleep") return `sleep ${args}`;
  return `${kind} ${name} ${args.replace("\n", " ")}`;
}
