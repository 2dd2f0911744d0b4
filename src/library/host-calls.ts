/** Answers what a running skill asks of its host. Never rejects: every failure is a reply. */
import type { JsonValue } from "../base/json.ts";
import { findJsonDefect } from "../base/json.ts";
import { describeThrown } from "../base/thrown.ts";
import type { HostCall, HostCallReply } from "../sandbox/sandbox.ts";
import type { Execution } from "../skill/execution.ts";
import type { Capabilities } from "../skill/skill.ts";
import { skillRefusal, toolRefusal } from "./grants.ts";
import type { Grants, Host } from "./grants.ts";

/** How a nested run is asked for. */
export interface NestedOptions {
  readonly version?: number;
  /** What the caller asks for (default: the called skill's own limit). */
  readonly timeoutMs?: number;
  /** What is left to the caller; a nested run never has more. */
  readonly remainingMs: number;
  readonly signal: AbortSignal;
}

/** The run on whose behalf a call is answered. */
export interface CallingRun {
  readonly runId: string;
  readonly skillId: string;
  readonly declared: Capabilities;
  readonly grants: Grants;
  readonly host: Host;
  /** Ids of the skills that led here, this one included; its length is the nesting depth. */
  readonly chain: readonly string[];
  readonly nestingDepth: number;
  /** Runs another skill on behalf of this one. */
  readonly runSkill: (id: string, context: JsonValue, options: NestedOptions) => Promise<Execution>;
}

export function answerHostCall(run: CallingRun, call: HostCall): Promise<HostCallReply> {
  switch (call.kind) {
    case "tool":
      return callTool(run, call);
    case "skill":
      return callSkill(run, call);
    case "fetch":
      return Promise.resolve(
        denied(
          `Fetching ${call.name} is not granted: this host lends no network; use a tool of the host`,
        ),
      );
  }
}

async function callTool(run: CallingRun, call: HostCall): Promise<HostCallReply> {
  const refusal = toolRefusal(call.name, run.declared, run.grants, run.host);
  const tool = run.host.tools.get(call.name);
  if (refusal !== undefined || tool === undefined)
    return denied(refusal ?? `Tool "${call.name}" is not offered`);
  try {
    const { signal, remainingMs } = call;
    const value = await tool(call.args, {
      runId: run.runId,
      skillId: run.skillId,
      signal,
      remainingMs,
    });
    return toolReply(call.name, value ?? null);
  } catch (error) {
    return {
      ok: false,
      error: describeThrown(
        error,
        `Tool "${call.name}" failed with something that is not an error`,
      ),
    };
  }
}

function toolReply(name: string, value: JsonValue): HostCallReply {
  const defect = findJsonDefect(value, { surrogates: "allow" });
  if (defect === undefined) return { ok: true, value };
  const at = defect.path === "" ? "" : ` at ${defect.path}`;
  return failed(
    "TypeError",
    `Tool "${name}" answered with something that is not JSON: ${defect.found}${at}`,
  );
}

async function callSkill(run: CallingRun, call: HostCall): Promise<HostCallReply> {
  const refusal = skillRefusal(call.name, run.declared, run.grants);
  if (refusal !== undefined) return denied(refusal);
  if (run.chain.includes(call.name)) {
    return failed(
      "CycleError",
      `Skill "${call.name}" is already running in this chain of calls: ${[...run.chain, call.name].join(" → ")}`,
    );
  }
  if (run.chain.length > run.nestingDepth) {
    return failed(
      "LimitError",
      `Skills may call skills ${run.nestingDepth} deep, and this chain is longer: ${run.chain.join(" → ")}`,
      "LIMIT_EXCEEDED",
    );
  }
  const options = nestedOptions(call);
  if (options === undefined)
    return failed(
      "TypeError",
      "host.skill takes { version, timeoutMs } as its options: a whole number from 1, and milliseconds above 0",
    );
  return replyOf(() => run.runSkill(call.name, call.args, options));
}

function nestedOptions({ options, signal, remainingMs }: HostCall): NestedOptions | undefined {
  const asked = options ?? {};
  if (typeof asked !== "object" || Array.isArray(asked)) return undefined;
  const { version, timeoutMs, ...unknown } = asked as { version?: unknown; timeoutMs?: unknown };
  if (Object.keys(unknown).length > 0) return undefined;
  if (timeoutMs !== undefined && !(typeof timeoutMs === "number" && timeoutMs > 0))
    return undefined;
  if (version !== undefined && !(Number.isSafeInteger(version) && (version as number) > 0))
    return undefined;
  return {
    signal,
    remainingMs,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(version === undefined ? {} : { version: version as number }),
  };
}

/** The answer to a call that runs a skill. */
export async function replyOf(runSkill: () => Promise<Execution>): Promise<HostCallReply> {
  try {
    return skillReply(await runSkill());
  } catch (error) {
    return { ok: false, error: describeThrown(error, "The skill failed") };
  }
}

function skillReply(execution: Execution): HostCallReply {
  if (execution.status === "ok") return { ok: true, value: execution.value as JsonValue };
  const { status, skillId, error } = execution;
  const message = `Skill "${skillId}" ended with ${status}: ${error?.message ?? "no reason given"}`;
  const name = status === "error" ? (error?.name ?? "Error") : "SkillError";
  return {
    ok: false,
    error: { name, message, code: status, ...(status === "denied" ? { denied: true } : {}) },
  };
}

function denied(message: string): HostCallReply {
  return { ok: false, error: { name: "CapabilityError", message, code: "denied", denied: true } };
}

function failed(name: string, message: string, code?: string): HostCallReply {
  return { ok: false, error: { name, message, ...(code === undefined ? {} : { code }) } };
}
