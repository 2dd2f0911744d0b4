/**
 * One run from start to record: find the version, check the context, run it in the sandbox, answer
 * its host calls, record the outcome. How a skill fails is a value; only a failing library throws.
 */
import { randomUUID } from "node:crypto";
import type { Clock } from "../../base/clock.ts";
import { isoTime } from "../../base/clock.ts";
import type { JsonValue } from "../../base/json.ts";
import type { Limits } from "../../base/limits.ts";
import type { HostCall, HostCallReply, Sandbox, SandboxLimits } from "../../sandbox/sandbox.ts";
import { Execution } from "../../skill/execution.ts";
import type { ExecutionRecord } from "../../skill/execution.ts";
import type { RecordedRun } from "../../store/run-store.ts";
import type { StoredVersion } from "../../store/skill-store.ts";
import { createCallBudget } from "./call-budget.ts";
import type { BudgetAccount } from "./call-budget.ts";
import { createCapabilityRecord } from "./capability-record.ts";
import type { CapabilityRecord } from "./capability-record.ts";
import { checkContext } from "./check-context.ts";
import type { Evidence } from "./evidence.ts";
import { checkExecuteOptions } from "./execute-options.ts";
import type { ExecuteOptions } from "./execute-options.ts";
import { failedBefore, notFound } from "./failed-executions.ts";
import type { Ending } from "./failed-executions.ts";
import { grantsOf } from "./grants.ts";
import type { Grants, GrantSource, Host } from "./grants.ts";
import { answerHostCall, replyOf } from "./host-calls.ts";
import type { HostFetch } from "./host-fetch/host-fetch.ts";
import type { JournalKeeper } from "./journal-keeper.ts";
import type { Learning } from "../retrieval/learning.ts";
import { checkIsText } from "../check-options.ts";
import type { PolicyLayer } from "./policy.ts";
import type { Reservation, RunQueue } from "./run-queue.ts";
import { endingInTime, runTurn } from "./run-turn.ts";
import type { RunScope, RunTime } from "./run-turn.ts";
import { CHECK_SEED, programOf, sandboxLimits } from "./program.ts";

/** The run on whose behalf another one starts. */
interface Caller {
  readonly runId: string;
  readonly grants: Grants;
  readonly chain: readonly string[];
  /** Time left to it when it made the call, in milliseconds. */
  readonly remainingMs: number;
  /** Whether it all began with the check of an example. */
  readonly isCheck: boolean;
  /** Policies of the whole tree of runs. */
  readonly layers: readonly PolicyLayer[];
  /** Who asked for the first of them. */
  readonly name: string | undefined;
  readonly account: BudgetAccount | undefined;
  readonly touched: Set<string>;
}

interface Run {
  readonly runId: string;
  readonly id: string;
  readonly startedAt: string;
  readonly options: ExecuteOptions;
  readonly caller: Caller | undefined;
  readonly layers: readonly PolicyLayer[];
  readonly record: CapabilityRecord;
  /** What journals must not hold and the tree of runs had to do with. */
  readonly touched: Set<string>;
}

/** A run that is in the sandbox. */
interface BegunRun extends Run {
  readonly grants: Grants;
  readonly source: GrantSource;
  readonly limits: SandboxLimits;
  /** Where it is part of a tree of runs, or may grow one. */
  readonly account: BudgetAccount | undefined;
  /** Runs it started. */
  readonly nested: Set<Promise<unknown>>;
}

export interface ExecutorParts {
  readonly find: (
    id: string,
    version: number | undefined,
  ) => StoredVersion | undefined | Promise<StoredVersion | undefined>;
  readonly sandbox: Sandbox;
  readonly queue: RunQueue;
  readonly evidence: Evidence;
  readonly learning: Learning;
  readonly journals: JournalKeeper;
  readonly host: Host;
  readonly hostFetch: HostFetch;
  readonly limits: Limits;
  readonly clock: Clock;
  /** Aborts every run when the library closes. */
  readonly closing: AbortSignal;
}

export class Executor {
  readonly #parts: ExecutorParts;

  constructor(parts: ExecutorParts) {
    this.#parts = parts;
  }

  async execute(
    id: string,
    context: JsonValue | undefined,
    options: ExecuteOptions = {},
    scope?: RunScope,
  ): Promise<Execution> {
    checkIsText("id", id);
    checkExecuteOptions(options, this.#parts.limits);
    const { caller, timeoutMs, priority = "normal" } = options;
    const signal = this.#signalOf(options.signal);
    const turn = await runTurn(this.#parts, { caller, priority, signal, timeoutMs, scope });
    if ("ending" in turn) return this.#finish(this.#runOf(id, options, undefined), 0, turn.ending);
    try {
      return await this.#start(id, context, options, undefined, turn.time);
    } finally {
      turn.leave();
    }
  }

  /** Places in line for the runs of a batch or workflow; @throws {LIMIT_EXCEEDED} when it is full */
  reserve(places: number): Reservation {
    return this.#parts.queue.reserve(places);
  }

  /** Runs a skill for an example of another one: without tools, and unrecorded, because checks are no evidence of use. */
  async runForCheck(id: string, call: HostCall): Promise<HostCallReply> {
    const nothing: Grants = { tools: new Set(), skills: new Set(), fetch: new Set() };
    const { signal, remainingMs } = call;
    const caller: Caller = {
      runId: "check",
      grants: nothing,
      chain: ["(check)"],
      remainingMs,
      isCheck: true,
      layers: this.#parts.host.rules.layersOf(undefined),
      name: undefined,
      account: undefined,
      touched: new Set(),
    };
    const options = { signal, seed: nestedSeed(CHECK_SEED, call) };
    return replyOf(() => this.#start(id, call.args, options, caller));
  }

  async #start(
    id: string,
    context: unknown,
    options: ExecuteOptions,
    caller: Caller | undefined,
    time: RunTime = { remainingMs: caller?.remainingMs },
  ): Promise<Execution> {
    const run = this.#runOf(id, options, caller);
    this.#parts.journals.note({ kind: "skill", name: id }, run.touched);
    const skill = await this.#parts.find(id, options.version);
    if (skill === undefined) return this.#finish(run, 0, notFound(id, options.version));
    const { program, warnings } = programOf(skill, options.version !== undefined);
    const timeout = options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs };
    const asked = { ...skill.limits, ...options.limits, ...timeout };
    const limits = sandboxLimits(this.#parts.limits, asked, time.remainingMs);
    const checked = checkContext(context, limits.contextBytes);
    if (!checked.ok)
      return this.#finish(
        run,
        skill.version,
        failedBefore("invalid-context", checked.error),
        warnings,
      );
    const source = { declared: skill.capabilities, layers: run.layers, caller: caller?.grants };
    const grants = grantsOf(source);
    const share = caller?.account?.nested(limits);
    // Most runs can call no skill, and their own limits are all they need.
    const budget = (share ?? grants.skills.size === 0) ? undefined : createCallBudget(limits);
    const granted = { ...limits, ...share?.limits };
    const recorded = caller?.isCheck !== true;
    const begun: BegunRun = {
      ...run,
      grants,
      source,
      limits: recorded ? this.#parts.journals.limits(granted, run.touched) : granted,
      account: share?.account ?? budget?.root,
      nested: new Set(),
    };
    const outcome = await this.#parts.sandbox.run({
      program,
      contextJson: checked.json,
      limits: begun.limits,
      depth: caller?.chain.length ?? 0,
      signal: this.#signalOf(options.signal, budget?.signal, time.late),
      onHostCall: (call) => this.#answer(begun, call),
      ...(options.seed === undefined ? {} : { seed: options.seed }),
      ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
    });
    // Runs it started and did not wait for are cancelled by now; none outlives the run it belongs to.
    await Promise.allSettled(begun.nested);
    begun.account?.close(outcome);
    const isStopped = options.signal?.aborted === true || this.#parts.closing.aborted;
    const ending = isStopped ? outcome : endingInTime(budget?.endingOf(outcome) ?? outcome, time);
    const kept = this.#parts.journals.keep(checked.json, begun.limits, outcome, run.touched);
    return this.#finish(run, skill.version, ending, warnings, kept);
  }

  #runOf(id: string, options: ExecuteOptions, caller: Caller | undefined): Run {
    return {
      runId: randomUUID(),
      id,
      startedAt: isoTime(this.#parts.clock.now()),
      options,
      caller,
      layers: caller?.layers ?? this.#parts.host.rules.layersOf(options.caller, options.policy),
      record: createCapabilityRecord(),
      touched: caller?.touched ?? new Set(),
    };
  }

  async #answer(run: BegunRun, call: HostCall): Promise<HostCallReply> {
    const { grants, source, layers, record, account } = run;
    const refusal = account?.refusal(call);
    if (refusal !== undefined) return record.answer(refusal);
    this.#parts.journals.note(call, run.touched);
    const chain = [...(run.caller?.chain ?? []), run.id];
    const isCheck = run.caller?.isCheck ?? false;
    const { seed } = run.options;
    const seeded = seed === undefined ? {} : { seed: nestedSeed(seed, call) };
    const reply = await answerHostCall(
      {
        runId: run.runId,
        skillId: run.id,
        grants,
        source,
        record,
        noteOrigin: (origin) =>
          this.#parts.journals.note({ kind: "fetch", name: origin }, run.touched),
        host: this.#parts.host,
        hostFetch: this.#parts.hostFetch,
        resultBytes: run.limits.resultBytes,
        chain,
        nestingDepth: this.#parts.limits.nestingDepth,
        runSkill: (id, context, { remainingMs, ...options }) => {
          const name = callerOf(run);
          const { runId } = run;
          const { touched } = run;
          const caller = {
            runId,
            grants,
            chain,
            remainingMs,
            isCheck,
            layers,
            name,
            account,
            touched,
          };
          const running = this.#start(id, context, { ...options, ...seeded }, caller);
          run.nested.add(running);
          return running;
        },
      },
      call,
    );
    return record.answer(reply);
  }

  #signalOf(...signals: readonly (AbortSignal | undefined)[]): AbortSignal {
    const given = signals.filter((signal) => signal !== undefined);
    const { closing } = this.#parts;
    return given.length === 0 ? closing : AbortSignal.any([...given, closing]);
  }

  #finish(
    run: Run,
    version: number,
    outcome: Ending,
    warnings: readonly string[] = [],
    kept: Partial<RecordedRun> = {},
  ): Execution {
    const {
      valueJson,
      warnings: noticed = [],
      journal: _journal,
      divergence: _divergence,
      ...ending
    } = outcome;
    const all = [...warnings, ...noticed];
    const caller = callerOf(run);
    this.#parts.queue.noteCpu(caller, ending.cpuMs);
    const record: ExecutionRecord = {
      runId: run.runId,
      skillId: run.id,
      version,
      startedAt: run.startedAt,
      ...ending,
      ...(ending.error === undefined
        ? {}
        : { error: run.record.explained(ending.status, ending.error) }),
      ...(caller === undefined ? {} : { caller }),
      ...run.record.summary(),
      ...(valueJson === undefined ? {} : { value: JSON.parse(valueJson) as JsonValue }),
      ...(all.length === 0 ? {} : { warnings: all }),
    };
    if (version > 0 && run.caller?.isCheck !== true) {
      const { value: _, ...journaled } = record;
      const parent = run.caller === undefined ? {} : { parentRunId: run.caller.runId };
      this.#parts.evidence.record({ ...journaled, ...kept, ...parent });
      if (record.status === "ok" && run.caller === undefined)
        this.#parts.learning.noteSuccess(run.id, caller, run.options.query);
    }
    return new Execution(record);
  }
}

/** Who asked for a run, or for the first of those that led to it. */
function callerOf({ caller, options }: Run): string | undefined {
  return caller === undefined ? options.caller : caller.name;
}

/** The seed of a run that a call starts, so that one seed repeats a run and all that it calls. */
function nestedSeed(seed: number, { callId }: HostCall): number {
  return Math.imul(seed + callId + 1, 0x9e3779b1) >>> 0;
}
