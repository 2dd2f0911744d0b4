/** Answers what a running skill asks of its host. Never rejects: every failure is a reply. */
import type { JsonValue } from "../../base/json.ts";
import { describeThrown } from "../../base/thrown.ts";
import type { HostCall, HostCallReply } from "../../sandbox/sandbox.ts";
import type { Execution, ExecutionError } from "../../skill/execution.ts";
import type { Capability } from "../../skill/skill.ts";
import type { CapabilityRecord } from "./capability-record.ts";
import { refusalOf } from "./grants.ts";
import type { Grants, GrantSource, Host } from "./grants.ts";
import { denied, failed, limitReached } from "./host-replies.ts";
import { callTool } from "./offered-tools.ts";
import type { HostFetch } from "./host-fetch/host-fetch.ts";

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
  readonly grants: Grants;
  /** What `grants` follows from: tells why something is not among them. */
  readonly source: GrantSource;
  /** Told of everything that is called or refused. */
  readonly record: CapabilityRecord;
  readonly host: Host;
  /** Told of every origin that is asked, redirects included. */
  readonly noteOrigin: (origin: string) => void;
  readonly hostFetch: HostFetch;
  /** The run's limit of one answer. */
  readonly resultBytes: number;
  /** Ids of the skills that led here, this one included; its length is the nesting depth. */
  readonly chain: readonly string[];
  readonly nestingDepth: number;
  /** Runs another skill on behalf of this one. */
  readonly runSkill: (id: string, context: JsonValue, options: NestedOptions) => Promise<Execution>;
}

export function answerHostCall(run: CallingRun, call: HostCall): Promise<HostCallReply> {
  switch (call.kind) {
    case "tool":
      return callHostTool(run, call);
    case "skill":
      return callSkill(run, call);
    case "fetch":
      return callFetch(run, call);
  }
}

/** The answer to a call of something that is not granted, on record. */
function refuse(run: CallingRun, capability: Capability, why: string): HostCallReply {
  run.record.refuse(capability);
  return denied(capability, why);
}

async function callHostTool(run: CallingRun, call: HostCall): Promise<HostCallReply> {
  const { runId, skillId } = run;
  const { name, args, signal, remainingMs } = call;
  const capability = { kind: "tool", name } as const;
  const refusal = refusalOf(capability, run.source);
  if (refusal !== undefined) return refuse(run, capability, refusal);
  const tool = run.host.tools.get(name);
  if (tool === undefined) {
    const why = `Tool "${name}" is not offered by this host; pass it to \`openLibrary({ tools })\``;
    return refuse(run, capability, why);
  }
  run.record.use(capability);
  return callTool(tool, args, { runId, skillId, signal, remainingMs });
}

async function callFetch(run: CallingRun, call: HostCall): Promise<HostCallReply> {
  const { runId, skillId, resultBytes, source, record, noteOrigin, hostFetch } = run;
  const { name: url, args: init, signal, remainingMs } = call;
  let capability: Capability = { kind: "fetch", name: originOf(url) };
  // Asked again for every redirect.
  const refusal = (origin: string): string | undefined => {
    capability = { kind: "fetch", name: origin };
    const why = refusalOf(capability, source);
    if (why !== undefined) record.refuse(capability);
    else {
      record.use(capability);
      noteOrigin(origin);
    }
    return why;
  };
  const given = { url, init, runId, skillId, signal, remainingMs, resultBytes, refusal };
  const reply = await hostFetch.answer(given);
  if (reply.ok || reply.error.denied !== true) return reply;
  return { ok: false, error: { ...reply.error, capability } };
}

async function callSkill(run: CallingRun, call: HostCall): Promise<HostCallReply> {
  const capability = { kind: "skill", name: call.name } as const;
  const refusal = refusalOf(capability, run.source);
  if (refusal !== undefined) return refuse(run, capability, refusal);
  if (run.chain.includes(call.name)) {
    return failed(
      "CycleError",
      `Skill "${call.name}" is already running in this chain of calls: ${[...run.chain, call.name].join(" → ")}`,
    );
  }
  if (run.chain.length > run.nestingDepth) {
    return limitReached(
      "nestingDepth",
      `Skills may call skills ${run.nestingDepth} deep, and this chain is longer: ${run.chain.join(" → ")}`,
    );
  }
  const options = nestedOptions(call);
  if (options === undefined)
    return failed(
      "TypeError",
      "host.skill takes { version, timeoutMs } as its options: a whole number from 1, and milliseconds above 0",
    );
  run.record.use(capability);
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
    error: {
      name,
      message,
      code: status,
      ...(status === "denied" ? { denied: true } : {}),
      ...(error?.capability === undefined ? {} : { capability: error.capability }),
      ...limitOfTree(error),
    },
  };
}

/** Some limits are of all runs together, so they are the caller's as well. */
function limitOfTree(error: ExecutionError | undefined): Pick<ExecutionError, "limit"> {
  if (error?.name !== "LimitError") return {};
  const { limit } = error;
  return limit === "nestingDepth" || limit === "hostCalls" ? { limit } : {};
}

/** The origin of a URL, or the text itself where it is none. */
export function originOf(url: string): string {
  const parsed = URL.parse(url);
  if (parsed === null) return url;
  // Other schemes have no origin that says anything.
  return parsed.origin === "null" ? parsed.protocol : parsed.origin;
}
