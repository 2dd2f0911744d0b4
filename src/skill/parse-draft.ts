/**
 * Turns untrusted input into a definition with its defaults filled in, or says everything that is
 * wrong with it at once.
 */
import type { z } from "zod";
import { InvalidDraftError } from "../base/errors.ts";
import type { Issue } from "../base/errors.ts";
import { preview } from "../base/json.ts";
import { LIMITS, RUN_LIMIT_RANGES } from "../base/limits.ts";
import type { Limits } from "../base/limits.ts";
import { checkDraftIsJson, subjectOf } from "./draft-json.ts";
import { draftSchema } from "./draft-schema.ts";
import { nearest } from "./nearest.ts";
import type { SkillDefinition } from "./skill.ts";

export interface ParsedDraft {
  readonly id: string;
  readonly definition: SkillDefinition;
  /** What the draft asks to be stored as. */
  readonly status: "draft" | "active";
  readonly author: string | undefined;
}

export type DraftParser = (draft: unknown) => ParsedDraft;

/** A parser for the given limits; building it once is what makes parsing many drafts cheap. */
export function draftParser(limits: Limits = LIMITS): DraftParser {
  const schema = draftSchema(limits);
  const fields = Object.keys(schema.shape);
  return (draft) => {
    checkDraftIsJson(draft);
    const result = schema.safeParse(withoutUndefined(draft));
    const issues = result.success
      ? missingBody(result.data)
      : result.error.issues.flatMap((issue) => toIssues(issue, draft, fields));
    if (!result.success || issues.length > 0) throw new InvalidDraftError(subjectOf(draft), issues);
    const { id, status, author, ...definition } = result.data;
    return {
      id: id as string,
      definition: definition as unknown as SkillDefinition,
      status: status === "draft" ? "draft" : "active",
      author: author as string | undefined,
    };
  };
}

function missingBody(draft: Record<string, unknown>): Issue[] {
  if (draft.code !== undefined || draft.instructions !== undefined) return [];
  return [
    {
      path: "code",
      message: "a skill needs something to run or to read",
      expected: "`code`, `instructions`, or both",
      received: "neither",
    },
  ];
}

function toIssues(issue: z.core.$ZodIssue, draft: unknown, fields: readonly string[]): Issue[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) =>
      unknownField(
        [...issue.path, key],
        draft,
        issue.path.length === 0 ? fields : siblings(issue.path),
      ),
    );
  }
  const received = valueAt(draft, issue.path);
  return [
    {
      path: formatPath(issue.path),
      message: received === undefined ? "this is missing" : "this does not fit",
      expected: issue.message,
      received: preview(received),
    },
  ];
}

const NESTED_FIELDS: Readonly<Record<string, readonly string[]>> = {
  capabilities: ["tools", "skills", "fetch"],
  limits: Object.keys(RUN_LIMIT_RANGES),
  examples: ["context", "result", "error", "hostCalls"],
  hostCalls: ["tool", "skill", "fetch", "args", "result", "error"],
};

function siblings(path: readonly PropertyKey[]): readonly string[] {
  const parent = path.findLast((part) => typeof part === "string");
  return NESTED_FIELDS[String(parent)] ?? [];
}

function unknownField(
  path: readonly PropertyKey[],
  draft: unknown,
  known: readonly string[],
): Issue {
  if (path.length === 1 && STORED_FIELDS.has(String(path[0]))) return storedField(path, draft);
  const suggestion = nearest(String(path.at(-1)), known);
  return {
    path: formatPath(path),
    message:
      suggestion === undefined
        ? "there is no such field"
        : `there is no such field, did you mean \`${suggestion}\`?`,
    expected: `one of ${known.join(", ")}`,
    received: preview(valueAt(draft, path)),
  };
}

/** What a stored skill has and a draft has not. */
const STORED_FIELDS: ReadonlySet<string> = new Set([
  "version",
  "revision",
  "contentHash",
  "checks",
  "createdAt",
  "message",
  "statusReason",
  "replacement",
  "metrics",
  "versionMetrics",
]);

function storedField(path: readonly PropertyKey[], draft: unknown): Issue {
  return {
    path: formatPath(path),
    message: "a draft has no such field, only a stored skill has",
    expected: "a draft; `draftOf(skill)` makes one of a stored skill",
    received: preview(valueAt(draft, path)),
  };
}

function formatPath(path: readonly PropertyKey[]): string {
  return path
    .map((part, index) =>
      typeof part === "number" ? `[${part}]` : `${index === 0 ? "" : "."}${String(part)}`,
    )
    .join("");
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  let current = root;
  for (const part of path) {
    if (typeof current !== "object" || current === null || !Object.hasOwn(current, part))
      return undefined;
    current = (current as Record<PropertyKey, unknown>)[part];
  }
  return current;
}

/** Callers may write `tags: undefined` for "no tags"; to the schema an absent field is simply absent. */
function withoutUndefined(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(withoutUndefined);
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .map(([key, member]) => [key, withoutUndefined(member)]),
  );
}
