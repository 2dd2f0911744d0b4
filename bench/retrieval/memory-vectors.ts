/** The least that `@mastra/core` asks of a vector store, in memory; scores are cosines. */
interface Stored {
  readonly id: string;
  readonly vector: readonly number[];
  readonly metadata: unknown;
}

export function memoryVectors(): object {
  const indexes = new Map<string, Map<string, Stored>>();
  const indexOf = (name: string): Map<string, Stored> => {
    const known = indexes.get(name) ?? new Map<string, Stored>();
    indexes.set(name, known);
    return known;
  };
  return {
    id: "memory-vectors",
    listIndexes: async () => [...indexes.keys()],
    describeIndex: async () => ({ dimension: 256, count: 0, metric: "cosine" }),
    createIndex: async ({ indexName }: { indexName: string }) => void indexOf(indexName),
    deleteVector: async ({ indexName, id }: { indexName: string; id: string }) =>
      void indexOf(indexName).delete(id),
    async upsert({
      indexName,
      vectors,
      ids,
      metadata,
    }: {
      indexName: string;
      vectors: readonly (readonly number[])[];
      ids: readonly string[];
      metadata?: readonly unknown[];
    }) {
      for (const [n, vector] of vectors.entries()) {
        indexOf(indexName).set(ids[n]!, { id: ids[n]!, vector, metadata: metadata?.[n] });
      }
      return ids;
    },
    query: async ({
      indexName,
      queryVector,
      topK = 10,
    }: {
      indexName: string;
      queryVector: readonly number[];
      topK?: number;
    }) =>
      [...indexOf(indexName).values()]
        .map(({ id, vector, metadata }) => ({ id, metadata, score: dot(vector, queryVector) }))
        .toSorted((a, b) => b.score - a.score)
        .slice(0, topK),
  };
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, component, n) => sum + component * b[n]!, 0);
}
