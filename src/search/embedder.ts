/** The socket for turning text into vectors. */
export interface Embedder {
  /** Names the vector space; vectors of different ids are never compared. */
  readonly id: string;
  readonly dimensions: number;
  /** How many texts it takes best in one call (default: 64). */
  readonly batchSize?: number;
  /** Why its latest attempt failed, while it may be trying again; told when it is given up on. */
  readonly lastFailure?: string | undefined;
  /**
   * One unit-length vector per text, in order. A text without any known token gives a zero vector.
   *
   * @param kind documents are what is searched, queries what is asked; some models treat them differently
   */
  embed(
    texts: readonly string[],
    kind: "document" | "query",
    signal?: AbortSignal,
  ): Promise<readonly Float32Array[]>;
}
