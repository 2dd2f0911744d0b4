/**
 * The socket for retrieval: an index derived from the store, local and rebuildable. It knows at
 * which store revision it stands; whoever owns it feeds it changes until it has caught up.
 */
import type { Problems } from "../base/problem.ts";
import type { SkillStatus, SkillSummary } from "../skill/skill.ts";

/** What is indexed of one skill's current version. */
export interface IndexDocument {
  readonly summary: SkillSummary;
  /** Parameter names and descriptions of the input schema, one text. */
  readonly parameters: string;
  readonly instructions: string;
  /** Source code, from which identifiers are taken. */
  readonly code: string;
  /** Unit-length embedding; absent when none could be made. */
  readonly vector?: Float32Array;
}

/** Skills that changed up to `revision`: those to index anew, and those to drop. */
export interface IndexUpdate {
  readonly upserts: readonly IndexDocument[];
  readonly removals: readonly string[];
  /** Store revision the index stands at once this is applied. */
  readonly revision: number;
  /** Tells that revision from the same number in another history of the store (default: ""). */
  readonly mark?: string;
  /** That of the state the update was made for: it is applied to no other (default: the last one told). */
  readonly generation?: string;
}

/** Where an index stands, and what it holds there. */
export interface IndexState {
  /** Store revision, over all processes that share the index; 0 when it is empty. */
  readonly revision: number;
  /** What that revision was applied with. */
  readonly mark: string;
  /** Another one each time the index was emptied; an index that nobody else can empty may leave it out. */
  readonly generation?: string;
  /** Skills indexed. */
  readonly skills: number;
  /** How many of them have a vector. */
  readonly vectors: number;
  /** How many wait for one. */
  readonly pending: number;
}

export interface IndexFilter {
  readonly category?: string;
  /** Skills that have every one of these tags. */
  readonly tags?: readonly string[];
  /** (default: "active") */
  readonly status: SkillStatus;
  /**
   * The ids that may be found, such as those with a minimum success rate. A set that was given once must
   * not change; one that is given again as the same object costs nothing.
   */
  readonly only?: ReadonlySet<string>;
  /** The ids that may not be found; like `only` in all else. */
  readonly except?: ReadonlySet<string>;
}

/** What earlier queries like this one say of a skill. */
export interface LearnedSignal {
  /** What to add to its score. */
  readonly lift: number;
  /** How like this query the most similar of them is, 0 to 1. */
  readonly similarity: number;
}

export interface IndexQuery {
  readonly text: string;
  /** Unit-length embedding of the text, when there is one. */
  readonly vector?: Float32Array;
  readonly filter: IndexFilter;
  readonly limit: number;
  /** By id of the skill; what passes no filter stays out whatever was learned. */
  readonly learned?: ReadonlyMap<string, LearnedSignal>;
  /** Ends the wait for the answer with `CANCELLED`. */
  readonly signal?: AbortSignal;
}

/** What an index does in a process beside answering. */
export interface IndexActivity {
  /** Whether it works on a thread of its own. */
  readonly threaded: boolean;
  /** Times what its thread holds was copied, so that searches need not wait for the thread. */
  readonly copies: number;
  /** Times it was built in memory from the file's rows, because there was no pack that could be used. */
  readonly builds: number;
  /** Times a pack was found and not used, because it was damaged, stale or of another index. */
  readonly rejectedPacks: number;
  /** Threads that died and were replaced. */
  readonly replacedThreads: number;
}

/** The vector of one version of a skill. */
export interface SkillVector {
  readonly id: string;
  readonly version: number;
  readonly vector: Float32Array;
}

/** Skills that have no vector of the index's embedder yet. */
export interface Unembedded {
  /** Tells this state of the index from one that was emptied since. */
  readonly generation: string;
  /** In order of `position`. */
  readonly skills: readonly {
    readonly id: string;
    readonly version: number;
    readonly position: number;
  }[];
}

/** A hit with the parts its score was made from; keywords and vectors are in 0…1. */
export interface IndexHit {
  readonly summary: SkillSummary;
  readonly score: number;
  readonly keywordScore: number;
  readonly vectorScore: number;
  /** What was learned added to the score. */
  readonly learnedScore: number;
  /** Relevance of its words, when it has any of the query. */
  readonly bm25?: number;
  /** Cosine similarity to the query, when both have a vector. */
  readonly cosine?: number;
}

export interface IndexAnswer {
  /** Best first; ties in order of id. */
  readonly hits: readonly IndexHit[];
  /** That of the index at the very moment it was searched. */
  readonly state: IndexState;
}

/** A document near another one. */
export interface IndexNeighbour {
  readonly summary: SkillSummary;
  /** Cosine similarity of the two, when the other one has a vector to compare. */
  readonly cosine?: number;
  /** Share of the words of their names and descriptions that they have in common, 0 to 1. */
  readonly overlap: number;
}

/** What was found in an index. */
export interface IndexReport extends Problems {
  /** Store revision it stood at, with the mark it was applied with. */
  readonly revision: number;
  readonly mark: string;
  /** What it holds: id to `version status`. */
  readonly current: ReadonlyMap<string, string>;
}

export interface SearchIndex {
  state(): Promise<IndexState>;

  /**
   * Applies changes. Does nothing when another process has already applied them
   * (`update.revision` is not beyond the index's own).
   */
  apply(update: IndexUpdate): Promise<void>;

  search(query: IndexQuery): Promise<IndexAnswer>;

  /**
   * The active documents nearest to an indexed one, nearest first: by its vector, or by its words
   * when it has none.
   *
   * @returns `undefined` when that one is not indexed
   */
  neighbours(id: string, limit: number): Promise<readonly IndexNeighbour[] | undefined>;

  /**
   * Skills that were applied without a vector; none in an index without an embedder.
   *
   * @param options.after position to begin after (default: 0)
   */
  unembedded(options: { readonly after?: number; readonly limit: number }): Promise<Unembedded>;

  /**
   * Adds vectors to skills that wait for them, and leaves the revision as it is. What was removed,
   * changed or given a vector since `unembedded` told of it is passed over.
   *
   * @returns how many were added
   */
  addVectors(given: {
    readonly generation: string;
    readonly vectors: readonly SkillVector[];
  }): Promise<number>;

  /** What it has done in this process. */
  activity(): IndexActivity;

  /** Empties the index, so that it is rebuilt from revision 0; one that is damaged as well. */
  reset(): Promise<void>;

  /** Reads all of it and tells what is wrong, beside searches; absent where nothing can be. */
  check?(signal?: AbortSignal): Promise<IndexReport>;

  close(): Promise<void>;
}
