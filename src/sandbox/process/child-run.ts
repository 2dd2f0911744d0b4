/**
 * A run inside a sandbox process: what the pool of workers sees. Its journal is the parent's, so
 * calls go there and nothing is answered here; a repeated attempt gets its answers from there too.
 */
import type { Journal, SendReply } from "../run/journal.ts";
import type { Job, WireReply } from "../run/job.ts";
import type { Run } from "../run/run.ts";
import type { FromChild } from "./messages.ts";

export interface ChildRun {
  readonly run: Run;
  /** Gives the parent's answer to the attempt that is running now. */
  reply(attempt: number, callId: number, reply: WireReply): void;
  /** When its time is over, as far as is known by now. */
  deadlineMs(): number;
}

export interface ChildRunEvents {
  /** Sends a message to the parent. */
  post(message: FromChild, text?: string): void;
  onEnd(outcome: Parameters<Run["end"]>[0]): void;
  onFail(error: Error): void;
}

export function createChildRun(
  id: number,
  job: Job,
  depth: number,
  events: ChildRunEvents,
): ChildRun {
  const callIds = new Set<number>();
  let attempt = 0;
  let ended = false;
  let send: SendReply = () => undefined;
  let deadline: () => number = () => 0;

  const journal: Journal = {
    beginAttempt(newSend, newDeadline) {
      send = newSend;
      deadline = newDeadline;
      attempt++;
      events.post({ kind: "attempt", id, attempt });
    },
    call({ kind: call, args, ...made }) {
      callIds.add(made.callId);
      events.post({ kind: "call", id, attempt, call, ...made, deadlineMs: deadline() }, args);
    },
    progress(callId, fraction, message) {
      callIds.add(callId);
      events.post({
        kind: "progress",
        id,
        attempt,
        callId,
        fraction,
        ...(message === undefined ? {} : { message }),
      });
    },
    get count() {
      return callIds.size;
    },
    // The parent's journal is the one that is kept, and the one a replay is compared with.
    conclude: (outcome) => outcome,
    end() {
      send = () => undefined;
    },
  };

  const run: Run = {
    job,
    depth,
    journal,
    logs: [],
    attempts: 0,
    exclusive: false,
    get ended() {
      return ended;
    },
    end(outcome) {
      if (close()) events.onEnd(outcome);
    },
    fail(error) {
      if (close()) events.onFail(error);
    },
  };

  function close(): boolean {
    if (ended) return false;
    ended = true;
    journal.end();
    return true;
  }

  return {
    run,
    reply(answered, callId, reply) {
      if (answered === attempt) send(callId, reply);
    },
    deadlineMs: () => deadline(),
  };
}
