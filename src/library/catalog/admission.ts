/**
 * The checks a draft passes before it becomes a version: it is well formed, its code parses, its
 * schemas compile, and each of its examples ends as it says, in the sandbox. What passed is stored
 * with the version as evidence.
 *
 * Checks have no effects: tools are never really called. An example says in `hostCalls` what the
 * host would answer; skills without a scripted answer are run, without tools.
 */
import { throwIfAborted } from "../../base/abort.ts";
import { RepertoireError, InvalidDraftError } from "../../base/errors.ts";
import type { Clock } from "../../base/clock.ts";
import type { Issue } from "../../base/errors.ts";
import type { JsonValue } from "../../base/json.ts";
import { canonicalJson, preview } from "../../base/json.ts";
import type { Limits } from "../../base/limits.ts";
import { exampleReply } from "../execution/host-fetch/fetch-reply.ts";
import type { HostCall, HostCallReply, Sandbox, SandboxOutcome } from "../../sandbox/sandbox.ts";
import type { ParsedDraft } from "../../skill/parse-draft.ts";
import type { Capabilities, Check, SkillExample } from "../../skill/skill.ts";
import type { StructureReport } from "./draft-check/check-draft.ts";
import type { DraftChecker } from "./draft-check/draft-checker.ts";
import { CHECK_SEED, compileProgram, sandboxLimits } from "../execution/program.ts";

/** A draft that failed a check; nothing was stored. Every check is listed, the passed ones too. */
export class ValidationFailedError extends RepertoireError {
  readonly checks: readonly Check[];

  /** @param duplicates ids of the skills it repeats, where that is why */
  constructor(skillId: string, checks: readonly Check[], duplicates?: readonly string[]) {
    const failed = checks.filter((check) => !check.passed);
    const lines = failed.map(
      ({ name, issue }) =>
        `  ${name}: ${issue?.message}; expected ${issue?.expected}, got ${issue?.received}`,
    );
    super(
      "VALIDATION_FAILED",
      `Skill draft "${skillId}" failed ${failed.length} of ${checks.length} checks:\n${lines.join("\n")}`,
      {
        details: { skillId, checks, ...(duplicates === undefined ? {} : { duplicates }) },
      },
    );
    this.name = "ValidationFailedError";
    this.checks = checks;
  }
}

export interface AdmissionParts {
  readonly checker: DraftChecker;
  readonly sandbox: Sandbox;
  readonly limits: Limits;
  readonly clock: Clock;
  /** Aborts the examples under way when the library closes; its reason says so. */
  readonly closing: AbortSignal;
  /** Runs an existing skill for an example, without tools. */
  readonly runSkill: (id: string, call: HostCall) => Promise<HostCallReply>;
}

export class Admission {
  readonly #parts: AdmissionParts;

  constructor(parts: AdmissionParts) {
    this.#parts = parts;
  }

  /**
   * The structural checks: code and schemas.
   *
   * @returns the JavaScript to run and its fingerprint, when there is code
   * @throws {INVALID_DRAFT} with every issue
   */
  async checkStructure({
    id,
    definition,
  }: ParsedDraft): Promise<Pick<StructureReport, "program" | "fingerprint">> {
    const { code, language, input, output } = definition;
    const { issues, ...found } = await this.#parts.checker.check({ code, language, input, output });
    if (issues.length > 0) throw new InvalidDraftError(`Skill draft "${id}"`, issues);
    return found;
  }

  /**
   * Runs the examples.
   *
   * @returns the record of every check, the structural ones included
   * @throws {VALIDATION_FAILED} when any example does not end as it says
   */
  async runExamples(
    draft: ParsedDraft,
    program: string | undefined,
    signal?: AbortSignal,
  ): Promise<readonly Check[]> {
    const structural: Check[] = [{ name: "structure", passed: true, durationMs: 0 }];
    if (program === undefined) return structural;
    const examples = await Promise.all(
      draft.definition.examples.map((example, index) =>
        this.#runExample(draft, program, example, index, signal),
      ),
    );
    const checks = [...structural, ...examples];
    if (checks.some((check) => !check.passed)) throw new ValidationFailedError(draft.id, checks);
    return checks;
  }

  async #runExample(
    draft: ParsedDraft,
    code: string,
    example: SkillExample,
    index: number,
    signal?: AbortSignal,
  ): Promise<Check> {
    const { definition, id } = draft;
    const script = new HostScript(example, this.#parts.runSkill);
    const startedMs = this.#parts.clock.monotonicMs();
    const outcome = await this.#parts.sandbox.run({
      program: compileProgram({ ...definition, id, version: 0 }, code),
      contextJson: JSON.stringify(example.context),
      limits: sandboxLimits(this.#parts.limits, definition.limits),
      seed: CHECK_SEED,
      onHostCall: (call) => script.answer(call, definition.capabilities),
      signal:
        signal === undefined ? this.#parts.closing : AbortSignal.any([signal, this.#parts.closing]),
    });
    throwIfAborted(signal, "Adding a skill");
    throwIfClosing(this.#parts.closing);
    const durationMs = Math.round((this.#parts.clock.monotonicMs() - startedMs) * 1000) / 1000;
    const issue = issueOf(example, outcome, script, `examples[${index}]`);
    return {
      name: `example:${index}`,
      passed: issue === undefined,
      durationMs,
      ...(issue === undefined ? {} : { issue }),
    };
  }
}

function throwIfClosing(closing: AbortSignal): void {
  if (closing.aborted) throw closing.reason;
}

/** Plays the host's part of an example: each call must be the next one written down. */
class HostScript {
  readonly #calls: SkillExample["hostCalls"];
  readonly #runSkill: AdmissionParts["runSkill"];
  #next = 0;
  #mismatch: string | undefined;

  constructor(example: SkillExample, runSkill: AdmissionParts["runSkill"]) {
    this.#calls = example.hostCalls;
    this.#runSkill = runSkill;
  }

  /** What of the script did not happen as written; nothing when all did. */
  get defect(): string | undefined {
    const left = (this.#calls?.length ?? 0) - this.#next;
    return (
      this.#mismatch ??
      (left > 0 ? `${left} of the calls in \`hostCalls\` were not made` : undefined)
    );
  }

  async answer(call: HostCall, declared: Capabilities): Promise<HostCallReply> {
    const { kind, name } = call;
    const undeclared = refusalOf(call, declared);
    if (undeclared !== undefined) return refused(undeclared);
    if (this.#calls === undefined && kind === "fetch")
      return refused(
        `Fetching ${name} is not granted: checks lend no network; write its reply in \`hostCalls\` of the example`,
      );
    if (this.#calls === undefined && kind === "skill") return this.#runSkill(name, call);
    const expected = this.#calls?.[this.#next];
    if (expected === undefined)
      return this.#fail(`${kind} "${name}" was called, and \`hostCalls\` says nothing of it`);
    this.#next += 1;
    if (expected[kind] !== name) {
      return this.#fail(
        `${kind} "${name}" was called where \`hostCalls\` expects "${expected.tool ?? expected.skill ?? expected.fetch}"`,
      );
    }
    if (expected.args !== undefined && canonicalJson(expected.args) !== canonicalJson(call.args)) {
      return this.#fail(
        `${kind} "${name}" was called with ${preview(call.args, 200)} where \`hostCalls\` expects ${preview(expected.args, 200)}`,
      );
    }
    if (expected.error !== undefined)
      return { ok: false, error: { name: "Error", message: expected.error } };
    const value = expected.result ?? null;
    return { ok: true, value: kind === "fetch" ? exampleReply(name, value) : value };
  }

  #fail(message: string): HostCallReply {
    this.#mismatch ??= message;
    return refused(message);
  }
}

function refusalOf({ kind, name }: HostCall, declared: Capabilities): string | undefined {
  if (kind === "fetch") {
    const isDeclared = URL.canParse(name) && declared.fetch.includes(new URL(name).origin);
    return isDeclared
      ? undefined
      : `Fetching ${name} is not granted: its origin is not declared in \`capabilities.fetch\``;
  }
  const field = kind === "tool" ? "tools" : "skills";
  return declared[field].includes(name)
    ? undefined
    : `The ${kind} "${name}" is not declared in \`capabilities.${field}\``;
}

function refused(message: string): HostCallReply {
  return { ok: false, error: { name: "CapabilityError", message, code: "denied", denied: true } };
}

function issueOf(
  example: SkillExample,
  outcome: SandboxOutcome,
  script: HostScript,
  path: string,
): Issue | undefined {
  const ending = describeEnding(outcome);
  if (script.defect !== undefined)
    return {
      path: `${path}.hostCalls`,
      message: script.defect,
      expected: "the calls in `hostCalls`, in order",
      received: ending,
    };
  if (example.error !== undefined) {
    const matches = outcome.error?.name === example.error || outcome.status === example.error;
    return matches
      ? undefined
      : {
          path: `${path}.error`,
          message: "the example did not fail as it says",
          expected: example.error,
          received: ending,
        };
  }
  const position =
    outcome.error?.line === undefined
      ? {}
      : { line: outcome.error.line, column: outcome.error.column ?? 1 };
  if (outcome.status !== "ok") {
    const expected = "result" in example ? preview(example.result, 200) : "a run that succeeds";
    return { path, message: "the example failed", expected, received: ending, ...position };
  }
  if (!("result" in example)) return undefined;
  const value = JSON.parse(outcome.valueJson ?? "null") as JsonValue;
  if (canonicalJson(value) === canonicalJson(example.result)) return undefined;
  return {
    path: `${path}.result`,
    message: "the example gave another result",
    expected: preview(example.result, 200),
    received: preview(value, 200),
  };
}

function describeEnding(outcome: SandboxOutcome): string {
  if (outcome.status === "ok") return preview(JSON.parse(outcome.valueJson ?? "null"), 200);
  return `${outcome.status}: ${outcome.error?.name}: ${outcome.error?.message}`;
}
