import type { JsonValue } from "../../../base/json.ts";
import { FetchFailure } from "./fetch-failure.ts";

/** A call of `host.fetch`, and what its run was granted. */
export interface FetchCall {
  readonly url: string;
  /** The request as the skill gave it, JSON. */
  readonly init: JsonValue;
  readonly runId: string;
  readonly skillId: string;
  /** Aborts when the run ends. */
  readonly signal: AbortSignal;
  /** Time left to the run, in milliseconds. */
  readonly remainingMs: number;
  /** The run's limit of what it may be answered. */
  readonly resultBytes: number;
  /** Why an origin is refused to the run; nothing when it is granted. */
  readonly refusal: (origin: string) => string | undefined;
}

/** @throws {FetchFailure} when the run was not granted the origin */
export function checkOrigin({ origin }: URL, { refusal }: Pick<FetchCall, "refusal">): void {
  const reason = refusal(origin);
  if (reason !== undefined) throw new FetchFailure("FETCH_ORIGIN_DENIED", reason);
}
