/** What the library's search is compared with. */
import type { Embedder } from "../../src/search/embedder.ts";
import type { RetrievalSet } from "./retrieval-set.ts";

export interface OpenSystem {
  /** Ids of the best ten or more, best first. */
  search(query: string): Promise<readonly string[]> | readonly string[];
  close?(): Promise<void> | void;
}

export interface System {
  readonly name: string;
  /** Embeds a text or two a second where descriptions are long; left out unless it is named. */
  readonly isSlow?: boolean;
  /** Takes in the skills of a set; fails with an error where the system is not installed. */
  open(set: RetrievalSet, parts: SystemParts): Promise<OpenSystem>;
}

export interface SystemParts {
  /** The bundled table, for systems that want an embedder. */
  readonly embedder: Embedder;
  /** A folder of its own, gone when the run is over. */
  readonly directory: string;
}

/** More than is measured, for systems that return less than they are asked for. */
export const TOP = 10;
