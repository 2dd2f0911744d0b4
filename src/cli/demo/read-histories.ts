import type { SkillLibrary } from "../../index.ts";
import type { Histories, HistoryEntry } from "./audit.ts";
import { readCounter } from "./counter.ts";
import { COUNTERS } from "./demo-skills.ts";

/** The histories the audit needs, read from the library anew: none of it comes from a cache. */
export async function readHistories(
  library: SkillLibrary,
  skillIds: Iterable<string>,
): Promise<Histories> {
  const histories = new Map<string, readonly HistoryEntry[]>();
  for (const id of skillIds) {
    const versions = await library.getVersionHistory(id);
    histories.set(
      id,
      versions.map(({ version, contentHash, message, metadata }) => ({
        version,
        contentHash,
        operation: message,
        ...(COUNTERS.includes(id) ? { counter: readCounter(metadata) } : {}),
      })),
    );
  }
  return histories;
}
