/** An agent's use of the library: every call is timed and what it showed is written down. */
import { VersionConflictError } from "../../index.ts";
import type {
  Execution,
  ExecutionStatus,
  JsonObject,
  JsonValue,
  SearchResult,
  Skill,
  SkillDraft,
  SkillLibrary,
  WorkflowRun,
  WorkflowStep,
} from "../../index.ts";
import type {
  AgentRecord,
  Commit,
  OperationKind,
  Runaway,
  Sighting,
  WrongAnswer,
} from "./agent-record.ts";
import { machineNowMs } from "./machine-clock.ts";

/** A write that was refused because the skill is at another version than expected. */
export interface Conflict {
  readonly expected: number;
  readonly actual: number;
}

export interface AgentSession {
  readonly agent: string;
  readonly library: SkillLibrary;
  /** Times an operation; one that throws is noted as a failure and answers `undefined`. */
  operation<T>(kind: OperationKind, work: () => Promise<T>): Promise<T | undefined>;
  get(skillId: string): Promise<Skill | undefined>;
  search(words: string): Promise<SearchResult>;
  run(skillId: string, context: JsonValue, timeoutMs?: number): Promise<Execution>;
  runMany(items: readonly { id: string; context: JsonValue }[]): Promise<readonly Execution[]>;
  compose(steps: readonly WorkflowStep[], context: JsonObject): Promise<WorkflowRun>;
  /** A name for the next write, that no other write has. */
  nextOperation(): string;
  /** Submits a draft made from version `expectedVersion`. */
  commit(
    draft: SkillDraft,
    expectedVersion: number,
    as: { readonly operation: string; readonly isIncrement?: boolean },
  ): Promise<Commit | Conflict>;
  rollback(skillId: string, version: number): Promise<Commit>;
  noteSearch(isRight: boolean): void;
  noteAnswer(wrong: WrongAnswer | undefined): void;
  noteRunaway(runaway: Runaway): void;
  noteAbandoned(): void;
  readonly counts: { readonly operations: number; commits: number; conflicts: number };
  record(): Promise<AgentRecord>;
}

export function agentSession(agent: string, library: SkillLibrary): AgentSession {
  const durationsMs: Record<OperationKind, number[]> = {
    search: [],
    read: [],
    run: [],
    batch: [],
    compose: [],
    update: [],
    metrics: [],
    runaway: [],
  };
  const commits: Commit[] = [];
  const sightings: Sighting[] = [];
  const runs: Partial<Record<ExecutionStatus, number>> = {};
  const wrong: WrongAnswer[] = [];
  const runaways: Runaway[] = [];
  const failures: string[] = [];
  const searches = { asked: 0, right: 0 };
  let checked = 0;
  let operations = 0;
  let named = 0;
  let conflicts = 0;
  let abandonedUpdates = 0;

  const sight = (
    seen: { readonly skillId: string; readonly version: number; readonly contentHash?: string },
    via: Sighting["via"],
    beganMs: number,
  ): void => {
    sightings.push({ ...seen, agent, via, beganMs });
  };
  const countRun = (
    run: { readonly skillId: string; readonly version: number; readonly status: ExecutionStatus },
    beganMs: number,
  ): void => {
    runs[run.status] = (runs[run.status] ?? 0) + 1;
    sight({ skillId: run.skillId, version: run.version }, "run", beganMs);
  };
  const acknowledge = (
    stored: { readonly id: string; readonly version: number; readonly contentHash: string },
    operation: string,
    isIncrement: boolean,
  ): Commit => {
    const { id: skillId, version, contentHash } = stored;
    const acknowledgedMs = machineNowMs();
    const commit = { skillId, version, contentHash, operation, agent, acknowledgedMs, isIncrement };
    commits.push(commit);
    return commit;
  };
  const nextOperation = (): string => `${agent}-${++named}`;

  return {
    agent,
    library,
    nextOperation,

    async operation(kind, work) {
      const startedMs = machineNowMs();
      try {
        return await work();
      } catch (error) {
        failures.push(`${kind}: ${error instanceof Error ? error.message : String(error)}`);
      } finally {
        operations += 1;
        durationsMs[kind].push(machineNowMs() - startedMs);
      }
    },

    async get(skillId) {
      const beganMs = machineNowMs();
      const skill = await library.get(skillId);
      sight(
        skill === undefined
          ? { skillId, version: 0 }
          : { skillId, version: skill.version, contentHash: skill.contentHash },
        "read",
        beganMs,
      );
      return skill;
    },

    async search(words) {
      const beganMs = machineNowMs();
      const result = await library.search(words, { limit: 5 });
      for (const { id, version } of result.matches)
        sight({ skillId: id, version }, "search", beganMs);
      return result;
    },

    async run(skillId, context, timeoutMs) {
      const beganMs = machineNowMs();
      const execution = await library.execute(
        skillId,
        context,
        timeoutMs === undefined ? {} : { timeoutMs },
      );
      countRun(execution, beganMs);
      return execution;
    },

    async runMany(items) {
      const beganMs = machineNowMs();
      const executions = await library.executeMany(items);
      for (const execution of executions) countRun(execution, beganMs);
      return executions;
    },

    async compose(steps, context) {
      const beganMs = machineNowMs();
      const run = await library.compose(steps, context);
      for (const { status, skillId, version } of run.steps) {
        if (status !== "skipped") countRun({ skillId, version, status }, beganMs);
      }
      return run;
    },

    async commit(draft, expectedVersion, { operation, isIncrement = false }) {
      try {
        const options = { expectedVersion, author: `agent-${agent}`, message: operation };
        const added = await library.add(draft, options);
        if (!added.created)
          throw new Error(
            `${operation} submitted the very content of ${added.id}@${added.version}`,
          );
        return acknowledge(added, operation, isIncrement);
      } catch (error) {
        if (!(error instanceof VersionConflictError)) throw error;
        conflicts += 1;
        return { expected: error.expected, actual: error.actual };
      }
    },

    async rollback(skillId, version) {
      const operation = nextOperation();
      const options = { author: `agent-${agent}`, message: operation };
      const added = await library.rollback(skillId, version, options);
      return acknowledge(added, operation, false);
    },

    noteSearch(isRight) {
      searches.asked += 1;
      if (isRight) searches.right += 1;
    },
    noteAnswer(answer) {
      checked += 1;
      if (answer !== undefined) wrong.push(answer);
    },
    noteRunaway(runaway) {
      runaways.push(runaway);
    },
    noteAbandoned() {
      abandonedUpdates += 1;
    },

    get counts() {
      return { operations, commits: commits.length, conflicts };
    },

    async record() {
      const { cache, sandbox } = await library.stats();
      return {
        agent,
        durationsMs,
        commits,
        sightings,
        conflicts,
        abandonedUpdates,
        runs,
        searches,
        answers: { checked, wrong },
        runaways,
        failures,
        cache: { hits: cache.hits, misses: cache.misses, invalidations: cache.invalidations },
        sandbox: { kills: sandbox.kills, retries: sandbox.retries },
      };
    },
  };
}
