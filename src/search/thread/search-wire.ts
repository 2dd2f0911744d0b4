/** What travels between the caller's thread and the one that works on the index. */
import { RepertoireError, type ErrorCode } from "../../base/errors.ts";
import type { IndexEngineOptions } from "../index-engine.ts";
import type { IndexFilter, IndexQuery, IndexUpdate } from "../search-index.ts";

/** What can not travel stays: the clock is the system's there. */
export type SearchThreadOptions = Omit<IndexEngineOptions, "clock">;

/** A set of ids travels once; without it, the last one of the same use is meant. */
export interface WireIds {
  readonly ids?: ReadonlySet<string>;
}

export interface WireQuery extends Omit<IndexQuery, "filter" | "signal"> {
  readonly filter: WireFilter;
}

export type WireFilter = Omit<IndexFilter, "only" | "except"> & {
  readonly only?: WireIds;
  readonly except?: WireIds;
};

export type SearchTask =
  | { readonly kind: "search"; readonly query: WireQuery }
  | { readonly kind: "neighbours"; readonly id: string; readonly limit: number }
  | { readonly kind: "apply"; readonly update: IndexUpdate; readonly told: string }
  | { readonly kind: "save" }
  | { readonly kind: "copy" };

export interface SearchRequest {
  readonly call: number;
  readonly task: SearchTask;
}

export interface SearchReply {
  readonly call: number;
  readonly value?: unknown;
  readonly error?: WireFailure;
  readonly builds: number;
  readonly rejectedPacks: number;
}

interface WireFailure {
  readonly code: ErrorCode | undefined;
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
}

export function toWireFailure(error: unknown): WireFailure {
  if (error instanceof RepertoireError) {
    const { code, message, details } = error;
    return { code, message, details };
  }
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { code: undefined, message, details: {} };
}

export function fromWireFailure({ code, message, details }: WireFailure): Error {
  return code === undefined ? new Error(message) : new RepertoireError(code, message, { details });
}
