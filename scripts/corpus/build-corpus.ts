/**
 * Turns the functions of es-toolkit into skill drafts: what a function is called, does and takes
 * comes from its declaration, its examples from its documentation, its code from its module. The
 * examples are what the documentation says, right or wrong; admission finds out which.
 *
 * Run directly, it prints what became of the functions and how many examples hold in Node.
 */
import { mapAsync } from "es-toolkit";
import type { SkillDraft } from "../../src/skill/skill.ts";
import { buildDraft } from "./build-draft.ts";
import { readCachedCorpus, writeCachedCorpus } from "./corpus-cache.ts";
import type { Corpus, RefusedFunction } from "./corpus.ts";
import { findFunctions, packageVersion } from "./find-functions.ts";
import { printReport } from "./report.ts";
import { Unusable } from "./unusable.ts";

/** Builds that may be under way at once. */
const MAX_CONCURRENT_BUILDS = 4;

export interface BuildOptions {
  /** Build again even when nothing has changed (default: false). */
  readonly fresh?: boolean;
}

/** Every function of the package as a skill draft, or the reason why it can not be one. */
export async function buildCorpus({ fresh = false }: BuildOptions = {}): Promise<Corpus> {
  const cached = fresh ? undefined : readCachedCorpus();
  if (cached) return cached;
  const corpus = await buildAll();
  writeCachedCorpus(corpus);
  return corpus;
}

async function buildAll(): Promise<Corpus> {
  const version = packageVersion();
  const outcomes = await mapAsync(
    findFunctions(),
    async (fn): Promise<SkillDraft | RefusedFunction> => {
      try {
        return await buildDraft(fn, version);
      } catch (error) {
        if (error instanceof Unusable) return { name: fn.path, reason: error.message };
        throw new Error(`Building the draft of ${fn.path} failed`, { cause: error });
      }
    },
    { concurrency: MAX_CONCURRENT_BUILDS },
  );

  const drafts = new Map<string, SkillDraft>();
  const refused: RefusedFunction[] = [];
  for (const outcome of outcomes) {
    if ("reason" in outcome) refused.push(outcome);
    else if (!drafts.has(outcome.id)) drafts.set(outcome.id, outcome);
    else refused.push({ name: sourceOf(outcome), reason: "another function has its id" });
  }
  return { drafts: [...drafts.values()], refused };
}

function sourceOf({ metadata, id }: SkillDraft): string {
  return typeof metadata?.source === "string" ? metadata.source : id;
}

if (import.meta.main) {
  const startedAt = performance.now();
  const corpus = await buildCorpus({ fresh: true });
  await printReport(corpus, performance.now() - startedAt);
}
