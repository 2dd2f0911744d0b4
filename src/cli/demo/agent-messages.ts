/** What the demo and its agents, each a process, say to each other; all of it is JSON. */
import type { ExecutionStatus } from "../../index.ts";
import type { AgentRecord } from "./agent-record.ts";
import type { AgentTask } from "./agent-tasks.ts";
import type { SkillChange } from "./skill-change.ts";

/** What an agent is told when it is started. */
export interface AgentSetup {
  readonly agent: string;
  readonly libraryPath: string;
  readonly seed: number;
}

/** What an agent works on. */
export interface WorkPlan {
  readonly durationMs: number;
  readonly tasks: readonly AgentTask[];
  /** Skills all agents count in. */
  readonly counters: readonly string[];
  /** Skills that never end by themselves. */
  readonly runaways: readonly string[];
}

/** One call on request. A commit changes what the agent read last, as it stood then. */
export type Action =
  | { readonly do: "read"; readonly skillId: string }
  | { readonly do: "commit"; readonly skillId: string; readonly change: SkillChange }
  | { readonly do: "run"; readonly skillId: string; readonly timeoutMs?: number }
  | { readonly do: "rollback"; readonly skillId: string; readonly version: number };

export type ActionResult =
  | {
      readonly did: "read";
      readonly version: number;
      readonly contentHash: string;
      readonly tags: readonly string[];
      readonly description: string;
      /** Whether the agent's cache answered. */
      readonly fromCache: boolean;
    }
  | { readonly did: "commit"; readonly version: number; readonly contentHash: string }
  | { readonly did: "conflict"; readonly expected: number; readonly actual: number }
  | { readonly did: "run"; readonly status: ExecutionStatus; readonly durationMs: number };

export type AgentCommand =
  | { readonly kind: "act"; readonly action: Action }
  | { readonly kind: "work"; readonly plan: WorkPlan }
  /** Close the library, send the record, end. */
  | { readonly kind: "finish" };

export type AgentMessage =
  | { readonly kind: "ready" }
  | { readonly kind: "acted"; readonly result: ActionResult }
  | { readonly kind: "progress"; readonly progress: AgentProgress }
  | { readonly kind: "worked" }
  | { readonly kind: "record"; readonly record: AgentRecord }
  | { readonly kind: "failed"; readonly message: string };

/** How an agent is getting on. */
export interface AgentProgress {
  readonly operations: number;
  readonly commits: number;
  readonly conflicts: number;
  /** What it does at the moment, in a few words. */
  readonly doing: string;
}
