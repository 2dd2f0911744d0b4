/**
 * The queries that led callers to skills, in memory, and what they say of a new query: a skill is
 * lifted when the new query is like those that led to it.
 *
 * What one caller can do is bounded: however many queries lead it to a skill, and however often, it
 * counts as at most one caller, and the lift grows with the logarithm of how many callers there are.
 * Nothing here can say that a skill is worse.
 */
import { NEAR_TIE } from "./fusion.ts";
import { normalizedQuery } from "./normalized-query.ts";
import type { LearnedSignal } from "./search-index.ts";
import { textsByWord } from "./texts-by-word.ts";
import { isZero, quantizeQuery, quantizeVector } from "./vectors/quantized-vector.ts";
import { vectorTable } from "./vectors/vector-table.ts";

/** What the queries of one caller can add to a skill's score: enough to decide a near-tie. */
export const CALLER_LIFT = NEAR_TIE;
/** What the queries of all callers together can add to it; seven that agree fully reach it. */
export const MAX_LEARNED_LIFT = 3 * NEAR_TIE;

/** One query that led one caller to one skill. */
export interface LearnedQuery {
  readonly id: number;
  readonly query: string;
  readonly skillId: string;
  readonly caller: string;
  /** When it last did, in milliseconds since the Unix epoch. */
  readonly lastAtMs: number;
}

export interface LearnedQueries {
  readonly size: number;
  /** Texts that were given no vector yet. */
  readonly withoutVector: readonly string[];
  /** Adds the use, or replaces the one of the same id. */
  put(use: LearnedQuery): void;
  remove(id: number): void;
  clear(): void;
  /** Gives a text its unit-length vector. */
  setVector(text: string, vector: Float32Array): void;
  /**
   * The signals of the skills that queries like this one led to, by id. With a vector, texts are
   * compared by theirs, and those that have none only count when they are the same; without, by words.
   */
  signals(query: {
    readonly text: string;
    readonly vector?: Float32Array;
    readonly nowMs: number;
  }): ReadonlyMap<string, LearnedSignal>;
  /** Queries that led to the skill, those of most callers first, then the latest. */
  leadingTo(skillId: string, limit: number): readonly string[];
}

/**
 * Similarity at and below which a query says nothing of another one. Measured with the static table
 * on two public sets: 0.3, 0.35 and 0.4 differ by less than a point of nDCG@10, 0.5 loses half of
 * what is gained, because the nearest of fifty earlier queries of a skill is typically at 0.6 to 0.7.
 */
const LEAST_SIMILARITY = 0.35;
/** Evidence counts half when it is this old. */
const HALF_LIFE_MS = 90 * 24 * 60 * 60 * 1000;
/** Nearest texts that are asked; more change nothing among the first ten. */
const NEIGHBOURS = 64;

/** All uses of one query. */
interface Text {
  readonly row: number;
  readonly text: string;
  readonly uses: Map<number, LearnedQuery>;
}

interface Neighbour {
  readonly text: Text;
  readonly similarity: number;
}

/** @param dimensions of the vectors; 0 compares words alone */
export function learnedQueries(dimensions: number): LearnedQueries {
  const uses = new Map<number, LearnedQuery>();
  const texts = new Map<string, Text>();
  const rows = new Map<number, Text>();
  const words = textsByWord<Text>();
  const withoutVector = new Set<string>();
  const vectors = vectorTable(dimensions);
  const freeRows: number[] = [];
  let rowCount = 0;

  function textOf(text: string): Text {
    const known = texts.get(text);
    if (known !== undefined) return known;
    const added: Text = { row: freeRows.pop() ?? rowCount++, text, uses: new Map() };
    texts.set(text, added);
    withoutVector.add(text);
    rows.set(added.row, added);
    return added;
  }

  function dropText(dropped: Text): void {
    texts.delete(dropped.text);
    withoutVector.delete(dropped.text);
    rows.delete(dropped.row);
    vectors.put(dropped.row, undefined);
    freeRows.push(dropped.row);
    words.remove(dropped);
  }

  function remove(id: number): void {
    const use = uses.get(id);
    if (use === undefined) return;
    uses.delete(id);
    const text = texts.get(use.query);
    text?.uses.delete(id);
    if (text?.uses.size === 0) dropText(text);
  }

  function byMeaning(vector: Float32Array): readonly Neighbour[] {
    const query = quantizeQuery(vector);
    return vectors
      .nearest(query, [], NEIGHBOURS, (row) => rows.get(row)!.text)
      .map(({ row, cosine }) => ({ text: rows.get(row)!, similarity: Math.min(1, cosine) }));
  }

  return {
    get size() {
      return uses.size;
    },

    get withoutVector() {
      return [...withoutVector];
    },

    put(use) {
      remove(use.id);
      uses.set(use.id, use);
      textOf(use.query).uses.set(use.id, use);
    },

    remove,

    clear() {
      uses.clear();
      texts.clear();
      withoutVector.clear();
      rows.clear();
      words.clear();
      vectors.clear();
      freeRows.length = 0;
      rowCount = 0;
    },

    setVector(text, vector) {
      const known = texts.get(text);
      if (known === undefined) return;
      // A zero vector says nothing, now and when asked again.
      withoutVector.delete(text);
      if (isZero(vector)) return;
      vectors.put(known.row, quantizeVector(vector));
    },

    signals({ text, vector, nowMs }) {
      if (uses.size === 0) return new Map();
      if (vector === undefined || isZero(vector)) {
        return signalsOf(words.nearest(text, texts.values(), NEIGHBOURS), nowMs);
      }
      const same = texts.get(normalizedQuery(text));
      const near = byMeaning(vector).filter((neighbour) => neighbour.text !== same);
      return signalsOf(same === undefined ? near : [{ text: same, similarity: 1 }, ...near], nowMs);
    },

    leadingTo(skillId, limit) {
      const found = new Map<string, { callers: number; lastAtMs: number }>();
      for (const use of uses.values()) {
        if (use.skillId !== skillId) continue;
        const { callers = 0, lastAtMs = 0 } = found.get(use.query) ?? {};
        found.set(use.query, {
          callers: callers + 1,
          lastAtMs: Math.max(lastAtMs, use.lastAtMs),
        });
      }
      return [...found]
        .toSorted(([, a], [, b]) => b.callers - a.callers || b.lastAtMs - a.lastAtMs)
        .slice(0, limit)
        .map(([query]) => query);
    },
  };
}

function signalsOf(near: readonly Neighbour[], nowMs: number): ReadonlyMap<string, LearnedSignal> {
  const skills = new Map<string, { similarity: number; readonly callers: Map<string, number> }>();
  for (const { text, similarity } of near) {
    if (similarity <= LEAST_SIMILARITY) continue;
    const likeness = (similarity - LEAST_SIMILARITY) / (1 - LEAST_SIMILARITY);
    for (const { skillId, caller, lastAtMs } of text.uses.values()) {
      const weight = likeness * 0.5 ** (Math.max(0, nowMs - lastAtMs) / HALF_LIFE_MS);
      const skill = skills.get(skillId) ?? { similarity: 0, callers: new Map<string, number>() };
      skills.set(skillId, skill);
      skill.similarity = Math.max(skill.similarity, similarity);
      // One more query of the same caller closes a part of what is left to 1, and never goes beyond.
      const held = skill.callers.get(caller) ?? 0;
      skill.callers.set(caller, held + (1 - held) * weight);
    }
  }
  return new Map(
    [...skills].map(([id, { similarity, callers }]) => {
      const agreeing = [...callers.values()].reduce((sum, weight) => sum + weight, 0);
      const lift = Math.min(MAX_LEARNED_LIFT, CALLER_LIFT * Math.log2(1 + agreeing));
      return [id, { lift, similarity }];
    }),
  );
}
