/**
 * What a skill needs to be granted, found by running it with nothing granted: no tool is called, no
 * skill is run, nothing is fetched. Each call is noted and answered so that the run can go on: as
 * the example scripts it, else with null, a fetch with a response that holds null.
 */
import { throwIfAborted } from "../../base/abort.ts";
import { RepertoireError } from "../../base/errors.ts";
import { findJsonDefect, preview } from "../../base/json.ts";
import type { JsonValue } from "../../base/json.ts";
import type { Limits } from "../../base/limits.ts";
import type { HostCall, HostCallReply, Sandbox } from "../../sandbox/sandbox.ts";
import type { ExecutionError, ExecutionStatus } from "../../skill/execution.ts";
import type { Capabilities, SkillExample } from "../../skill/skill.ts";
import type { StoredVersion } from "../../store/skill-store.ts";
import { mapBounded } from "../bounded.ts";
import { originOf } from "./host-calls.ts";
import { exampleReply } from "./host-fetch/fetch-reply.ts";
import { checkInteger, checkKnownOptions, checkPositive } from "../check-options.ts";
import { CHECK_SEED, programOf, sandboxLimits } from "./program.ts";
import type { Catalog } from "../catalog/catalog.ts";
import { skillNotFound } from "../catalog/skill-not-found.ts";

export interface MeasureGrantsOptions {
  /** Version to measure (default: the current one). */
  readonly version?: number;
  /** Contexts to run it with (default: those of its examples; `{}` when it has none). */
  readonly contexts?: readonly JsonValue[];
  /** Wall-clock time of each run (default: the skill's own limit, else 30,000 ms). */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** One run of a measurement. */
export interface MeasuredRun {
  /** What it ran with: `examples[0]`, `contexts[0]`, …, or `{}`. */
  readonly with: string;
  /** Anything but `ok` may have kept it from calls it would otherwise make. */
  readonly status: ExecutionStatus;
  readonly error?: ExecutionError;
  readonly hostCalls: number;
}

export interface MeasuredGrants {
  readonly skillId: string;
  readonly version: number;
  /** The smallest `capabilities` that grant all it called, with what the skills it calls declare. */
  readonly capabilities: Capabilities;
  /** What it called itself. */
  readonly called: Capabilities;
  /** What the skills it called declare: they have it only through a caller that declares it as well. */
  readonly passedOn: Pick<Capabilities, "tools" | "fetch">;
  /** Whether every run ended `ok`. If not, it may need more than was seen. */
  readonly isComplete: boolean;
  /** What it declares and did not need in the runs that were made. */
  readonly unused: Capabilities;
  /** What it needs and does not declare, and so would be denied. */
  readonly undeclared: Capabilities;
  readonly runs: readonly MeasuredRun[];
}

export interface MeasureGrantsParts {
  readonly catalog: Pick<Catalog, "find">;
  readonly sandbox: Sandbox;
  readonly limits: Limits;
  /** Aborted when the library closes. */
  readonly closing: AbortController;
}

/**
 * @throws {SKILL_NOT_FOUND} when there is no such skill or version
 * @throws {NOT_EXECUTABLE} when it has no code
 */
export async function measureGrants(
  parts: MeasureGrantsParts,
  id: string,
  options: MeasureGrantsOptions = {},
): Promise<MeasuredGrants> {
  const { version } = options;
  checkKnownOptions("measureGrants", options, ["version", "contexts", "timeoutMs", "signal"]);
  checkInteger("version", version, 1, Number.MAX_SAFE_INTEGER);
  checkPositive("timeoutMs", options.timeoutMs, parts.limits.maxTimeoutMs);
  checkContexts(options.contexts, parts.limits);
  throwIfAborted(options.signal, "Measuring a skill");
  const skill = await parts.catalog.find(id, version);
  if (skill === undefined) throw skillNotFound(id, version);
  const calls = { tools: new Set<string>(), skills: new Set<string>(), fetch: new Set<string>() };
  // Nothing it does has an effect, so its status is no reason against it.
  const { program } = programOf(skill, true);
  const { timeoutMs } = options;
  const asked = { ...skill.limits, ...(timeoutMs === undefined ? {} : { timeoutMs }) };
  const limits = sandboxLimits(parts.limits, asked);
  const closing = parts.closing.signal;
  const signal =
    options.signal === undefined ? closing : AbortSignal.any([options.signal, closing]);
  const runs = await mapBounded(
    rehearsals(skill, options.contexts),
    parts.limits.maxConcurrent,
    async ({ name, example }): Promise<MeasuredRun> => {
      const script = [...(example.hostCalls ?? [])];
      const { status, error, hostCalls } = await parts.sandbox.run({
        program,
        contextJson: JSON.stringify(example.context),
        limits,
        seed: CHECK_SEED,
        signal,
        onHostCall: (call) => {
          noteCall(calls, call);
          return Promise.resolve(scriptedReply(script, call));
        },
      });
      return { with: name, status, hostCalls, ...(error === undefined ? {} : { error }) };
    },
  );
  throwIfAborted(options.signal, "Measuring a skill");
  const callees = await Promise.all(
    [...calls.skills].map(async (callee) => parts.catalog.find(callee)),
  );
  return summary(skill, listsOf(calls), callees, runs);
}

interface Rehearsal {
  readonly name: string;
  readonly example: Pick<SkillExample, "context" | "hostCalls">;
}

function rehearsals(
  { examples }: StoredVersion,
  contexts: readonly JsonValue[] | undefined,
): readonly Rehearsal[] {
  if (contexts !== undefined)
    return contexts.map((context, at) => ({ name: `contexts[${at}]`, example: { context } }));
  if (examples.length === 0) return [{ name: "{}", example: { context: {} } }];
  return examples.map((example, at) => ({ name: `examples[${at}]`, example }));
}

function checkContexts(contexts: unknown, { batchItems }: Limits): void {
  if (contexts === undefined) return;
  const isList = Array.isArray(contexts) && contexts.length > 0 && contexts.length <= batchItems;
  const defect = isList ? findJsonDefect(contexts) : { path: "", found: preview(contexts) };
  if (defect === undefined) return;
  throw new RepertoireError(
    "INVALID_INPUT",
    `Expected \`contexts\` to be a list of 1 to ${batchItems} JSON values, got ${defect.found}${defect.path === "" ? "" : ` at ${defect.path}`}`,
    { details: { option: "contexts" } },
  );
}

function noteCall(
  calls: { readonly [Field in keyof Capabilities]: Set<string> },
  { kind, name }: HostCall,
): void {
  if (kind === "tool") calls.tools.add(name);
  else if (kind === "skill") calls.skills.add(name);
  else calls.fetch.add(originOf(name));
}

/** A response whose body is null, as text and as JSON. */
const NOTHING_FETCHED = { status: 200, statusText: "", ok: true, headers: {}, body: "null" };

/** The next answer written down for this tool or skill, in whatever order they are called. */
function scriptedReply(
  script: NonNullable<SkillExample["hostCalls"]>[number][],
  { kind, name }: HostCall,
): HostCallReply {
  const at = script.findIndex((written) => written[kind] === name);
  const [written] = at < 0 ? [] : script.splice(at, 1);
  if (written?.error !== undefined)
    return { ok: false, error: { name: "Error", message: written.error } };
  if (kind !== "fetch") return { ok: true, value: written?.result ?? null };
  const value = written?.result;
  return {
    ok: true,
    value: value === undefined ? { url: name, ...NOTHING_FETCHED } : exampleReply(name, value),
  };
}

function summary(
  { id, version, capabilities: declared }: StoredVersion,
  called: Capabilities,
  callees: readonly (StoredVersion | undefined)[],
  runs: readonly MeasuredRun[],
): MeasuredGrants {
  const known = callees.flatMap((callee) => callee?.capabilities ?? []);
  const passedOn = {
    tools: union(known.map(({ tools }) => tools)),
    fetch: union(known.map(({ fetch }) => fetch)),
  };
  const capabilities: Capabilities = {
    tools: union([called.tools, passedOn.tools]),
    skills: union([called.skills]),
    fetch: union([called.fetch, passedOn.fetch]),
  };
  return {
    skillId: id,
    version,
    capabilities,
    called,
    passedOn,
    isComplete: runs.every(({ status }) => status === "ok"),
    unused: without(declared, capabilities),
    undeclared: without(capabilities, declared),
    runs,
  };
}

function listsOf(calls: { readonly [Field in keyof Capabilities]: ReadonlySet<string> }) {
  const { tools, skills, fetch } = calls;
  return {
    tools: union([[...tools]]),
    skills: union([[...skills]]),
    fetch: union([[...fetch]]),
  };
}

/** Each once, in order of their names. */
function union(lists: readonly (readonly string[])[]): readonly string[] {
  return [...new Set(lists.flat())].toSorted();
}

function without(these: Capabilities, those: Capabilities): Capabilities {
  const difference = (field: keyof Capabilities): readonly string[] =>
    these[field].filter((name) => !those[field].includes(name)).toSorted();
  return {
    tools: difference("tools"),
    skills: difference("skills"),
    fetch: difference("fetch"),
  };
}
