import { RepertoireError } from "../../base/errors.ts";
import { preview } from "../../base/json.ts";

export function runNotFound(runId: string): RepertoireError {
  return new RepertoireError(
    "RUN_NOT_FOUND",
    `There is no record of run ${preview(runId)}; list the runs for its id, the oldest are no longer kept`,
    { details: { runId } },
  );
}
