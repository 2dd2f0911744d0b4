/** The agents as their parent sees them: processes that are told what to do and may die at any time. */
import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { extname } from "node:path";
import type {
  Action,
  ActionResult,
  AgentCommand,
  AgentMessage,
  AgentProgress,
  AgentSetup,
  WorkPlan,
} from "./agent-messages.ts";
import type { AgentRecord } from "./agent-record.ts";

export interface AgentHandle {
  readonly agent: string;
  readonly pid: number;
  /** Why the process is of no more use; absent while it is well. */
  readonly crash: string | undefined;
  readonly progress: AgentProgress;
  /** Resolves when the agent has opened the library. */
  readonly ready: Promise<void>;
  /** Each rejects when the process dies, or when it takes far too long. */
  act(action: Action): Promise<ActionResult>;
  work(plan: WorkPlan): Promise<void>;
  finish(): Promise<AgentRecord>;
  /** Ends the process, if need be by force; resolves when it is gone. */
  end(): Promise<void>;
}

const PROGRAM = new URL(`./agent-process${extname(import.meta.filename)}`, import.meta.url);
/** How long an agent may take over anything, beyond the time it was asked to work. */
const PATIENCE_MS = 30_000;
const KEPT_STDERR = 2000;

type MessageOf<Kind extends AgentMessage["kind"]> = Extract<AgentMessage, { kind: Kind }>;

export function startAgent(setup: AgentSetup): AgentHandle {
  const child = fork(PROGRAM, [JSON.stringify(setup)], {
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  const { agent } = setup;
  let stderr = "";
  let crash: string | undefined;
  let isEnding = false;
  let progress: AgentProgress = { operations: 0, commits: 0, conflicts: 0, doing: "opening" };
  let waiting:
    | { kind: string; done: (message: AgentMessage) => void; fail: (error: Error) => void }
    | undefined;

  const refuse = (reason: string): void => {
    waiting?.fail(new Error(reason));
    waiting = undefined;
  };
  const giveUpOn = (reason: string): void => {
    crash ??= reason;
    refuse(crash);
  };
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr = (stderr + text).slice(-KEPT_STDERR);
  });
  const gone = exitOf(child, (how) => {
    if (!isEnding)
      giveUpOn(`agent ${agent} ended with ${how}${stderr === "" ? "" : `: ${stderr.trim()}`}`);
  });
  child.on("message", (message: AgentMessage) => {
    if (message.kind === "progress") ({ progress } = message);
    else if (message.kind === "failed") giveUpOn(`agent ${agent} failed: ${message.message}`);
    else if (message.kind === waiting?.kind) {
      const { done } = waiting;
      waiting = undefined;
      done(message);
    }
  });

  const expect = <Kind extends AgentMessage["kind"]>(
    kind: Kind,
    patienceMs = PATIENCE_MS,
  ): Promise<MessageOf<Kind>> =>
    new Promise<MessageOf<Kind>>((resolve, reject) => {
      if (crash !== undefined) return reject(new Error(crash));
      const timer = setTimeout(() => {
        giveUpOn(`agent ${agent} did not answer within ${Math.round(patienceMs / 1000)} s`);
      }, patienceMs);
      waiting = {
        kind,
        done: (message) => {
          clearTimeout(timer);
          resolve(message as MessageOf<Kind>);
        },
        fail: (error) => {
          clearTimeout(timer);
          reject(error);
        },
      };
    });
  const ask = <Kind extends AgentMessage["kind"]>(
    command: AgentCommand,
    kind: Kind,
    patienceMs?: number,
  ): Promise<MessageOf<Kind>> => {
    const answer = expect(kind, patienceMs);
    if (child.connected)
      child.send(command, (error) => error && giveUpOn(`agent ${agent}: ${error.message}`));
    return answer;
  };

  const ready = expect("ready").then(() => undefined);
  // Whoever needs the agent to be ready awaits it; until then a failure is kept in `crash`.
  ready.catch(() => undefined);

  return {
    agent,
    pid: child.pid ?? 0,
    ready,
    get crash() {
      return crash;
    },
    get progress() {
      return progress;
    },
    act: async (action) => (await ask({ kind: "act", action }, "acted")).result,
    work: async (plan) => {
      await ask({ kind: "work", plan }, "worked", plan.durationMs + PATIENCE_MS);
    },
    finish: async () => (await ask({ kind: "finish" }, "record")).record,
    end: async () => {
      isEnding = true;
      refuse(`agent ${agent} was ended`);
      if (child.connected) child.disconnect();
      const force = setTimeout(() => child.kill("SIGKILL"), 2000);
      await gone;
      clearTimeout(force);
    },
  };
}

function exitOf(child: ChildProcess, onExit: (how: string) => void): Promise<void> {
  return new Promise((resolve) => {
    child.once("error", (error) => {
      onExit(error.message);
      if (child.pid === undefined) resolve();
    });
    child.once("exit", (code, signal) => {
      onExit(signal ?? `code ${code}`);
      resolve();
    });
  });
}
