/** Whether the store can be read, and the search index is in step with it. */
import { RepertoireError } from "../../base/errors.ts";
import type { SkillLibrary } from "../../index.ts";
import { fail, ok, warn } from "./doctor-check.ts";
import type { DoctorCheck } from "./doctor-check.ts";
import { plural } from "../terminal/plural.ts";

export async function checkStore(open: () => Promise<SkillLibrary>): Promise<DoctorCheck> {
  try {
    const { skills, versions, revision } = await (await open()).stats();
    return ok(
      "store",
      `whole; ${plural(skills.total, "skill")}, ${plural(versions, "version")}, revision ${revision}`,
    );
  } catch (error) {
    if (!(error instanceof RepertoireError)) throw error;
    return fail("store", error.message, "follow the message, or restore the library from a backup");
  }
}

/** An index that lags is brought up to date by any search; one that still differs is damaged. */
export async function checkIndex(library: SkillLibrary, rebuilt: boolean): Promise<DoctorCheck> {
  const before = (await library.stats()).search.revision;
  await library.search("anything", { limit: 1, useCache: false });
  const { revision, search, skills } = await library.stats();
  const summary = `${search.skills} of ${skills.total} skills indexed, ${search.vectors} with a vector`;
  if (search.skills !== skills.total || search.revision < revision)
    return fail(
      "index",
      `out of step with the store: ${summary}`,
      "run repertoire doctor --reindex",
    );
  if (search.embedderError !== undefined)
    return warn(
      "index",
      `${summary}; the embedder failed: ${search.embedderError}`,
      "skills are found by keyword until it works again; repertoire doctor --reindex tries at once",
    );
  if (search.vectors < search.skills && search.embedder !== null)
    return warn("index", summary, "run repertoire doctor --reindex to embed the others");
  if (rebuilt) return ok("index", `rebuilt; ${summary}`);
  return ok(
    "index",
    before < revision
      ? `caught up with ${plural(revision - before, "revision")}; ${summary}`
      : summary,
  );
}
