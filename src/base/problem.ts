/** What is found wrong with what is stored. */

/** One thing that is wrong. */
export interface Problem {
  /** The skills with their versions, the records of runs, or the search index. */
  readonly part: "skills" | "runs" | "index";
  /** What it is about, such as a skill's version or a run; absent when it is the file as a whole. */
  readonly subject?: string;
  readonly message: string;
  /** Whether what is wrong is derived from what is whole, so that it can be made anew. */
  readonly repairable: boolean;
}

/** The problems of one part; of very many, the first. */
export interface Problems {
  readonly problems: readonly Problem[];
  /** How many more there are. */
  readonly more: number;
}

/** So many are listed of one part: what is wrong a thousand times is told by the first of them. */
const LISTED = 100;

export interface ProblemList {
  add(problem: Omit<Problem, "part">): void;
  readonly count: number;
  list(): Problems;
}

export function problemList(part: Problem["part"]): ProblemList {
  const problems: Problem[] = [];
  let count = 0;
  return {
    add(problem) {
      count += 1;
      if (problems.length < LISTED) problems.push({ part, ...problem });
    },
    get count() {
      return count;
    },
    list: () => ({ problems, more: count - problems.length }),
  };
}
