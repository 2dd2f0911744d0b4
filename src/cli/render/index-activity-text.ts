import type { IndexActivity } from "../../index.ts";
import { plural } from "../terminal/plural.ts";

/** What a search index has done in this process; what it never did is left out. */
export function indexActivityText({
  threaded,
  copies,
  builds,
  rejectedPacks,
  replacedThreads,
}: IndexActivity): string {
  return [
    threaded ? "on a thread of its own" : "on the main thread",
    ...(copies === 0 ? [] : ["copied to the main thread"]),
    ...(builds === 0 ? [] : [`built in memory ${plural(builds, "time")}`]),
    ...(rejectedPacks === 0 ? [] : [`${plural(rejectedPacks, "pack")} rejected`]),
    ...(replacedThreads === 0 ? [] : [`${plural(replacedThreads, "thread")} replaced`]),
  ].join(", ");
}
