/** A skill of a library as one object: a register of versions, changed by compare-and-set. */
import { RepertoireError } from "../../base/errors.ts";
import { preview } from "../../base/json.ts";
import type { SkillStatus } from "../../skill/skill.ts";
import type { ExpectedVersion } from "../../store/skill-store.ts";
import type { SequentialModel } from "./operation.ts";

export type SkillCall =
  /** `content` stands for all that makes up a version; the same text, the same content hash. */
  | {
      readonly op: "add";
      readonly content: string;
      readonly expected: ExpectedVersion;
      /** What the version is stored as (default: "active"). */
      readonly status?: SkillStatus;
      /** The fencing token of the lease that guards the write. */
      readonly token?: string;
    }
  /** Makes an active version with the content of an old one, which was no draft. */
  | { readonly op: "rollback"; readonly to: number; readonly expected: ExpectedVersion }
  | { readonly op: "status"; readonly status: SkillStatus; readonly expected: ExpectedVersion }
  | { readonly op: "remove"; readonly expected: ExpectedVersion }
  /** The current version. */
  | { readonly op: "get" }
  /** What a run says it ran. */
  | { readonly op: "execute" }
  /** The version in the results of a search that would find the skill if it is active. */
  | { readonly op: "search" }
  /** The contents of all versions. */
  | { readonly op: "history" }
  /** A write lease on the skill was granted. */
  | { readonly op: "acquire" };

export type SkillAnswer =
  /** Of a write, what it made or found; of a read, what it saw. What is left out was not told. */
  | {
      readonly kind: "version";
      readonly version: number;
      readonly content?: string;
      readonly status?: SkillStatus;
      readonly created?: boolean;
    }
  | { readonly kind: "absent" }
  /** The expectation failed; `actual` is 0 for a skill that does not exist. */
  | { readonly kind: "conflict"; readonly actual: number }
  | { readonly kind: "contents"; readonly contents: readonly string[] }
  /** Fencing tokens are written as texts, since JSON has no integers of their size. */
  | { readonly kind: "lease"; readonly token: string };

/** A version and all before it. Shared: two chains are the same object when their contents are. */
interface Chain {
  readonly id: number;
  readonly version: number;
  readonly content: string;
  readonly before: Chain | undefined;
}

export interface SkillState {
  readonly chain: Chain | undefined;
  /** `undefined`: it does not exist, or was removed. */
  readonly status: SkillStatus | undefined;
  /** The greatest fencing token granted. */
  readonly fence: bigint;
}

export type SkillModel = SequentialModel<SkillState, SkillCall, SkillAnswer>;

/** A fresh model; what it remembers of contents is its own. */
export function skillModel(): SkillModel {
  const chains = new Map<string, Chain>();

  const extend = (before: Chain | undefined, content: string): Chain => {
    const key = `${before?.id ?? 0} ${content}`;
    const known = chains.get(key);
    if (known !== undefined) return known;
    const version = (before?.version ?? 0) + 1;
    const chain = { id: chains.size + 1, version, content, before };
    chains.set(key, chain);
    return chain;
  };

  const append = (
    state: SkillState,
    content: string,
    expected: ExpectedVersion,
    added: SkillStatus = "active",
  ): Step => {
    const { chain, status } = state;
    if (chain !== undefined && status !== undefined && chain.content === content)
      return { state, answer: seen(chain, status, false) };
    const conflict = conflictOf(state, expected);
    if (conflict !== undefined) return { state, answer: conflict };
    const next = extend(chain, content);
    return {
      state: { ...state, chain: next, status: added },
      answer: seen(next, added, true),
    };
  };

  const perform = (state: SkillState, call: SkillCall): Step => {
    const { chain, status } = state;
    const exists = chain !== undefined && status !== undefined;
    switch (call.op) {
      case "add":
        return append(state, call.content, call.expected, call.status);
      case "rollback": {
        const target = versionOf(chain, call.to);
        if (target === undefined) return { state, answer: { kind: "absent" } };
        return append(state, target.content, call.expected);
      }
      case "status": {
        if (!exists) return { state, answer: { kind: "absent" } };
        const conflict = conflictOf(state, call.expected);
        if (conflict !== undefined) return { state, answer: conflict };
        return {
          state: { ...state, status: call.status },
          answer: { kind: "version", version: chain.version },
        };
      }
      case "remove": {
        if (!exists) return { state, answer: { kind: "absent" } };
        const conflict = conflictOf(state, call.expected);
        if (conflict !== undefined) return { state, answer: conflict };
        return {
          state: { ...state, status: undefined },
          answer: { kind: "version", version: chain.version },
        };
      }
      case "get":
      case "execute":
        return { state, answer: exists ? seen(chain, status) : { kind: "absent" } };
      case "search": {
        const isFound = exists && status === "active";
        return { state, answer: isFound ? seen(chain, status) : { kind: "absent" } };
      }
      case "history":
        return { state, answer: { kind: "contents", contents: contentsOf(chain) } };
      case "acquire":
        return { state, answer: undefined };
      default: {
        // Histories come from files.
        const { op } = call as { readonly op: unknown };
        throw new RepertoireError(
          "INVALID_INPUT",
          `Operation ${preview(op)} is none that a skill knows`,
        );
      }
    }
  };

  return {
    initial: () => ({ chain: undefined, status: undefined, fence: 0n }),
    step(state, call, answer) {
      if (call.op === "acquire") {
        if (answer?.kind !== "lease") return state;
        const fence = BigInt(answer.token);
        return fence > state.fence ? { ...state, fence } : undefined;
      }
      // Whoever lost the lease to another may change nothing any more.
      const isFenced =
        call.op === "add" && call.token !== undefined && BigInt(call.token) < state.fence;
      if (isFenced) return answer === undefined ? state : undefined;
      const next = perform(state, call);
      return answer === undefined || agrees(next.answer, answer) ? next.state : undefined;
    },
    changesNothing: ({ op }, answer) =>
      READS.has(op) ||
      answer.kind === "conflict" ||
      answer.kind === "absent" ||
      (answer.kind === "version" && answer.created === false),
    keyOf: ({ chain, status, fence }) => `${chain?.id ?? 0} ${status ?? ""} ${fence}`,
    showState: ({ chain, status, fence }) =>
      (chain === undefined || status === undefined
        ? `no skill, ${chain?.version ?? 0} versions in its history`
        : `version ${chain.version}, content ${chain.content}, ${status}`) +
      (fence === 0n ? "" : `, token ${fence}`),
    show: showSkillOperation,
  };
}

const READS: ReadonlySet<SkillCall["op"]> = new Set(["get", "execute", "search", "history"]);

interface Step {
  readonly state: SkillState;
  readonly answer: SkillAnswer | undefined;
}

function conflictOf(
  { chain, status }: SkillState,
  expected: ExpectedVersion,
): SkillAnswer | undefined {
  const actual = status === undefined ? 0 : (chain?.version ?? 0);
  return expected === "any" || expected === actual ? undefined : { kind: "conflict", actual };
}

function seen({ version, content }: Chain, status: SkillStatus, created?: boolean): SkillAnswer {
  return {
    kind: "version",
    version,
    content,
    status,
    ...(created === undefined ? {} : { created }),
  };
}

/** Whether everything that was observed is as the model has it. */
function agrees(modelled: SkillAnswer | undefined, observed: SkillAnswer): boolean {
  if (modelled?.kind !== observed.kind) return false;
  if (observed.kind === "contents" && modelled.kind === "contents") {
    return (
      observed.contents.length === modelled.contents.length &&
      observed.contents.every((content, at) => content === modelled.contents[at])
    );
  }
  const known = modelled as unknown as Readonly<Record<string, unknown>>;
  return Object.entries(observed).every(([field, value]) => known[field] === value);
}

function versionOf(chain: Chain | undefined, version: number): Chain | undefined {
  let at = chain;
  while (at !== undefined && at.version > version) at = at.before;
  return at?.version === version ? at : undefined;
}

function contentsOf(chain: Chain | undefined): readonly string[] {
  const contents: string[] = [];
  for (let at = chain; at !== undefined; at = at.before) contents.push(at.content);
  return contents.toReversed();
}

/** A call and its answer in a few words. */
export function showSkillOperation(call: SkillCall, answer: SkillAnswer | undefined): string {
  const { op, ...parameters } = call;
  const given = Object.entries(parameters).map(([name, value]) => `${name} ${String(value)}`);
  return `${op}(${given.join(", ")}) → ${answer === undefined ? "unknown" : showAnswer(answer)}`;
}

function showAnswer(answer: SkillAnswer): string {
  const { kind, ...rest } = answer;
  const told = Object.entries(rest).map(([name, value]) =>
    Array.isArray(value) ? `[${value.join(", ")}]` : name === kind ? value : `${name} ${value}`,
  );
  return kind === "version"
    ? told.join(", ").replace(/^(\d)/, "version $1")
    : [kind, ...told].join(" ");
}
