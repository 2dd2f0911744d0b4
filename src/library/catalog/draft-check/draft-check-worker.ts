/** The thread drafts are checked on: a hostile one can stall or exhaust it, and is then ended with it. */
import { parentPort } from "node:worker_threads";
import { checkDraft } from "./check-draft.ts";
import type { CheckedParts } from "./check-draft.ts";

parentPort?.on("message", (parts: CheckedParts) => {
  checkDraft(parts).then(
    (report) => parentPort?.postMessage(report),
    // Nothing that throws here leaves this thread fit for the next draft.
    () => process.exit(1),
  );
});
