/** Changes of a skill that bring no new content: going back to a version, its status, its removal. */
import { RepertoireError } from "../../base/errors.ts";
import { preview } from "../../base/json.ts";
import type { Limits } from "../../base/limits.ts";
import { definitionOf } from "../../skill/definition-of.ts";
import { isSkillId, SKILL_ID_RULE } from "../../skill/skill-id.ts";
import { SKILL_STATUSES } from "../../skill/skill.ts";
import type { SkillStatus } from "../../skill/skill.ts";
import type { SkillStore } from "../../store/skill-store.ts";
import {
  checkExpected,
  checkInteger,
  checkKnownOptions,
  checkOneOf,
  checkText,
} from "../check-options.ts";
import type {
  AddResult,
  ChangeOptions,
  ChangeResult,
  RollbackOptions,
  StatusOptions,
} from "./catalog-options.ts";
import { checkNotes } from "./check-notes.ts";
import type { Claims } from "./claims.ts";
import { conflictExplainer, explaining } from "./explain-conflict.ts";
import { skillNotFound } from "./skill-not-found.ts";

/** Dependents named to whoever takes a skill out of use; all are counted. */
const TOLD_DEPENDENTS = 100;

export interface ChangeSkillParts {
  readonly store: SkillStore;
  readonly claims: Claims;
  readonly limits: Limits;
}

/** Appends a new version with the content of an old one; history is never rewritten. */
export async function rollBack(
  { store, claims, limits }: ChangeSkillParts,
  id: string,
  version: number,
  options: RollbackOptions = {},
): Promise<AddResult> {
  checkKnownOptions("rollback", options, ["expectedVersion", "author", "message", "lease"]);
  checkInteger("version", version ?? 0, 1, Number.MAX_SAFE_INTEGER);
  checkNotes(options, limits);
  const target = await store.find(id, { version });
  if (target === undefined) throw skillNotFound(id, version);
  if (target.status === "quarantined" || target.status === "failed") {
    throw new RepertoireError(
      "INVALID_INPUT",
      `Version ${version} of skill "${id}" is ${target.status} and can not be rolled back to; submit its content as a new draft`,
      {
        details: { skillId: id, version, status: target.status },
      },
    );
  }
  const definition = definitionOf(target);
  const appended = await explaining(conflictExplainer(store), definition, () =>
    store.append({
      id,
      definition,
      contentHash: target.contentHash,
      status: target.status === "draft" ? "draft" : "active",
      checks: target.checks,
      message: options.message ?? `Roll back to version ${version}`,
      expectedVersion: checkExpected(options.expectedVersion, "any"),
      ...claims.guard(id, options.lease),
      ...(target.program === undefined ? {} : { program: target.program }),
      ...(options.author === undefined ? {} : { author: options.author }),
    }),
  );
  const { createdAt: _, ...result } = appended;
  return {
    ...result,
    checks: target.checks,
    warnings: appended.created ? [] : [`version ${version} has the content of the current version`],
  };
}

export async function setStatus(
  { store, claims, limits }: ChangeSkillParts,
  id: string,
  status: SkillStatus,
  options: StatusOptions = {},
): Promise<ChangeResult & { readonly status: SkillStatus }> {
  checkKnownOptions("setStatus", options, [
    "expectedVersion",
    "expectedStatus",
    "reason",
    "replacement",
    "lease",
  ]);
  if (status === undefined)
    throw new RepertoireError(
      "INVALID_INPUT",
      `Expected \`status\` to be one of ${SKILL_STATUSES.join(", ")}, got nothing`,
    );
  checkOneOf("status", status, SKILL_STATUSES);
  const { replacement, reason, expectedStatus } = options;
  checkOneOf("expectedStatus", expectedStatus, SKILL_STATUSES);
  checkText("reason", reason, limits.descriptionLength);
  if (replacement !== undefined && !isSkillId(replacement)) {
    throw new RepertoireError(
      "INVALID_INPUT",
      `Expected \`replacement\` to be a skill id (${SKILL_ID_RULE}), got ${preview(replacement)}`,
    );
  }
  const dependents = status === "active" ? {} : await dependentsOf(store, id);
  const change = {
    status,
    expectedVersion: checkExpected(options.expectedVersion, "any"),
    ...(expectedStatus === undefined ? {} : { expectedStatus }),
    ...claims.guard(id, options.lease),
    ...(reason === undefined ? {} : { reason }),
    ...(replacement === undefined ? {} : { replacement }),
  };
  const changed = await explaining(conflictExplainer(store), undefined, () =>
    store.setStatus(id, change),
  );
  return { id, ...changed, status, ...dependents };
}

export async function removeSkill(
  { store, claims }: ChangeSkillParts,
  id: string,
  options: ChangeOptions = {},
): Promise<ChangeResult> {
  checkKnownOptions("remove", options, ["expectedVersion", "lease"]);
  const expectedVersion = checkExpected(options.expectedVersion, "any");
  const { guard } = claims.guard(id, options.lease);
  const dependents = await dependentsOf(store, id);
  const removed = await explaining(conflictExplainer(store), undefined, () =>
    store.remove(id, expectedVersion, guard),
  );
  return { id, ...removed, ...dependents };
}

async function dependentsOf(
  store: SkillStore,
  id: string,
): Promise<Pick<ChangeResult, "dependents">> {
  if (!isSkillId(id)) return {};
  const dependents = await store.dependents(id, TOLD_DEPENDENTS);
  return dependents.count === 0 ? {} : { dependents };
}
