/** Counting the facets of a large library, which reads all skills: for a thread of its own. */
import type { ListFilter, SkillFacets, SkillFilter } from "../skill-store.ts";
import { openToCheck } from "./maintenance/open-to-check.ts";
import { skillBrowser } from "./skill-browser.ts";
import { sqliteError } from "./sqlite-error.ts";
import { statementCache } from "./statement.ts";

export interface FacetsTask {
  readonly path: string;
  readonly filter: SkillFilter & Pick<ListFilter, "limit">;
}

export function countFacets({ path, filter }: FacetsTask): SkillFacets {
  const database = openToCheck(path, "read");
  try {
    database.exec("BEGIN");
    return skillBrowser(statementCache(database)).facets(filter);
  } catch (error) {
    throw sqliteError(error, { path, ifDamaged: undefined });
  } finally {
    database.close();
  }
}
