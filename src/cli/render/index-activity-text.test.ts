import { expect, test } from "vitest";
import { indexActivityText } from "./index-activity-text.ts";

test.each([
  [
    { threaded: false, copies: 0, builds: 0, rejectedPacks: 0, replacedThreads: 0 },
    "on the main thread",
  ],
  [
    { threaded: true, copies: 3, builds: 1, rejectedPacks: 2, replacedThreads: 1000 },
    "on a thread of its own, copied to the main thread, built in memory 1 time, 2 packs rejected, 1,000 threads replaced",
  ],
])("%j in words", (activity, text) => {
  expect(indexActivityText(activity)).toBe(text);
});
