/** "Did you mean" for the id of a skill that does not exist. */
import type { Reader } from "../options/at-option.ts";
import { nearest } from "../../skill/nearest.ts";

const SUGGESTIONS = 3;
const PAGE = 1000;
/** Comparing every id of a huge library would take longer than the answer is worth. */
const MAX_PAGES = 5;

/**
 * Ids spelled like the one asked for, then skills that a search for its words finds and that share
 * one of them; every one exists.
 */
export async function similarSkills(library: Reader, id: string): Promise<readonly string[]> {
  const spelled = await nearestId(library, id);
  const about = await sharingWords(library, id);
  const existing: string[] = [];
  for (const candidate of new Set([...(spelled === undefined ? [] : [spelled]), ...about])) {
    if (existing.length === SUGGESTIONS) break;
    // An index may lag behind removals by other processes.
    if (candidate !== id && (await library.get(candidate)) !== undefined) existing.push(candidate);
  }
  return existing;
}

async function nearestId(library: Reader, id: string): Promise<string | undefined> {
  const ids: string[] = [];
  for (let page = 0; page < MAX_PAGES; page++) {
    const after = ids.at(-1);
    const summaries = await library.list({
      limit: PAGE,
      ...(after === undefined ? {} : { after }),
    });
    ids.push(...summaries.map((summary) => summary.id));
    if (summaries.length < PAGE) break;
  }
  return nearest(
    id,
    ids.filter((candidate) => candidate !== id),
  );
}

async function sharingWords(library: Reader, id: string): Promise<readonly string[]> {
  const words = wordsOf(id.slice(0, 200));
  if (words.length === 0) return [];
  const { confident, matches } = await library.search(words.join(" "), { limit: SUGGESTIONS });
  if (!confident) return [];
  return matches
    .filter((match) => wordsOf(`${match.id} ${match.name}`).some((word) => words.includes(word)))
    .map((match) => match.id);
}

/** Words long enough to mean something. */
function wordsOf(text: string): readonly string[] {
  return text
    .toLowerCase()
    .split(/[^\p{Letter}\p{Number}]+/u)
    .filter((word) => word.length >= 3);
}
