/** How good rankings are, each measure averaged over queries, in percent. */
export interface RankingQuality {
  readonly recall1: number;
  readonly recall5: number;
  readonly recall10: number;
  readonly mrr: number;
  readonly ndcg10: number;
}

export interface JudgedRanking {
  readonly ids: readonly string[];
  readonly right: readonly string[];
}

export function rankingQuality(rankings: readonly JudgedRanking[]): RankingQuality {
  const mean = (measure: (ranking: JudgedRanking) => number): number =>
    (100 * rankings.reduce((sum, ranking) => sum + measure(ranking), 0)) / rankings.length;
  return {
    recall1: mean((ranking) => recall(ranking, 1)),
    recall5: mean((ranking) => recall(ranking, 5)),
    recall10: mean((ranking) => recall(ranking, 10)),
    mrr: mean(({ ids, right }) => {
      const first = ids.slice(0, 10).findIndex((id) => right.includes(id));
      return first < 0 ? 0 : 1 / (first + 1);
    }),
    ndcg10: mean(({ ids, right }) => {
      const gain = (place: number): number => 1 / Math.log2(place + 2);
      const sum = (places: readonly number[]): number =>
        places.reduce((total, place) => total + gain(place), 0);
      const found = ids.slice(0, 10).flatMap((id, place) => (right.includes(id) ? [place] : []));
      return sum(found) / sum(Array.from({ length: Math.min(10, right.length) }, (_, n) => n));
    }),
  };
}

function recall({ ids, right }: JudgedRanking, count: number): number {
  return ids.slice(0, count).filter((id) => right.includes(id)).length / right.length;
}
