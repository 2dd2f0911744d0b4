import { pathToFileURL } from "node:url";
import * as toolkit from "es-toolkit";
import * as compat from "es-toolkit/compat";
import type { SkillDraft } from "../../src/skill/skill.ts";
import { readDeclaration } from "./declaration.ts";
import { documentedExamples } from "./documented-examples.ts";
import { draftOf } from "./draft.ts";
import { PACKAGE_ROOT, type LibraryFunction } from "./find-functions.ts";
import { findFreeNames } from "./free-names.ts";
import { bundleSkill } from "./skill-bundle.ts";
import { Unusable } from "./unusable.ts";

/** Reads that make the same call answer differently. */
const NOT_DETERMINISTIC: Readonly<Record<string, string>> = {
  "Math.random": "its result is random",
  "crypto.getRandomValues": "its result is random",
  "Date.now": "its result depends on the clock",
};

/** Globals that are only reached with values JSON can not carry, such as cloning an Error. */
const UNREACHED: ReadonlySet<string> = new Set(["structuredClone"]);

/**
 * One function as a skill draft.
 *
 * @param version version of the package, for the draft's metadata
 * @throws {Unusable} when it can not be one
 */
export async function buildDraft(fn: LibraryFunction, version: string): Promise<SkillDraft> {
  const declaration = readDeclaration(fn.name, fn.declarations);
  if (declaration.returnsFunction) throw new Unusable("returns a function");
  if (declaration.summary === "") throw new Unusable("has no description");

  const own = (await import(pathToFileURL(PACKAGE_ROOT + fn.source).href)) as object;
  const scope = { ...toolkit, ...(fn.compat && compat), ...own };
  const { examples, skipped } = await documentedExamples(fn.name, declaration, scope);
  if (examples.length === 0)
    throw new Unusable(mostFrequent(skipped) ?? "documents no result of a call");

  const code = await bundleSkill(fn, declaration.parameters);
  const { unknown, counts, members } = findFreeNames(code);
  const missing = unknown.filter((name) => !UNREACHED.has(name));
  if (missing.length > 0) throw new Unusable(`needs ${missing.join(", ")}`);
  if (counts) throw new Unusable("remembers earlier calls");
  for (const [member, reason] of Object.entries(NOT_DETERMINISTIC))
    if (members.has(member)) throw new Unusable(reason);
  return draftOf({ fn, declaration, examples, code, version });
}

function mostFrequent(reasons: readonly string[]): string | undefined {
  const counts = toolkit.countBy(reasons, (reason) => reason);
  return toolkit.maxBy(Object.keys(counts), (reason) => counts[reason] ?? 0);
}
