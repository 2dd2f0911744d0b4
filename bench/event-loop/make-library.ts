/** A library as it stands after some use: skills, indexed; runs, recorded; queries, learned. */
import { join } from "node:path";
import { openLibrary } from "../../src/index.ts";
import type { SkillDraft } from "../../src/index.ts";
import { sqliteRunStore } from "../../src/store/sqlite/sqlite-run-store.ts";
import { madeSkills } from "../search/made-skills.ts";

/** The most that a library keeps. */
const LEARNED = 20_000;
const CHUNK = 500;

const made = madeSkills(undefined, LEARNED);

/** What is searched for. */
export const QUERIES = made.queries;

export function draftOf(at: number): SkillDraft {
  const { summary } = made.document(at);
  return {
    id: summary.id,
    name: summary.name,
    description: summary.description,
    category: summary.category,
    tags: [...summary.tags],
    input: { type: "object", properties: { at: { type: "number", description: summary.name } } },
    code: `export default (context) => ({ at: ${at}, given: context?.at ?? 0 });\n// ${summary.description}\n${"// what it does, in many words\n".repeat(20)}`,
  };
}

export async function makeLibrary(path: string, skills: number): Promise<void> {
  {
    await using library = await openLibrary({ path });
    for (let first = 0; first < skills; first += CHUNK) {
      const drafts = Array.from({ length: Math.min(CHUNK, skills - first) }, (_, at) =>
        draftOf(first + at),
      );
      const outcomes = await library.addMany(drafts, { validate: false });
      const failed = outcomes.find(({ ok }) => !ok);
      if (failed?.ok === false) throw failed.error;
    }
    await library.search("anything");
  }
  const runs = await sqliteRunStore({ path: join(path, "runs.sqlite") });
  const at = new Date().toISOString();
  for (let first = 0; first < LEARNED; first += CHUNK)
    await runs.recordUses(
      QUERIES.slice(first, first + CHUNK).map((query, item) => ({
        query,
        skillId: draftOf((first + item) % skills).id,
        caller: `agent-${item % 7}`,
        at,
      })),
    );
  await runs.close();
}
