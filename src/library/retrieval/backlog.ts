/**
 * Embeds, in the background, the skills that were indexed without a vector: because the embedder
 * failed, or because it would have kept a search waiting. Tries again by itself, ever less often,
 * until nothing is left. Any number of processes may do so for one index; a vector that another one
 * has brought is not replaced.
 */
import { RepertoireError } from "../../base/errors.ts";
import type { Embedder } from "../../search/embedder.ts";
import type { SearchIndex, Unembedded } from "../../search/search-index.ts";
import type { SkillStore, StoredVersion } from "../../store/skill-store.ts";
import { embedderFailure, embedWithin } from "./embed-texts.ts";

const BATCH_SIZE = 64;
/** A call that takes longer will never end. */
const CALL_WITHIN_MS = 120_000;
const FIRST_PAUSE_MS = 1000;
const MAX_PAUSE_MS = 300_000;
/** So many single texts in a row fail because of the embedder, and not because of what they say. */
const FAILURES_IN_ROW = 3;

export interface BacklogParts {
  readonly store: SkillStore;
  readonly index: SearchIndex;
  readonly embedder: Embedder;
  readonly textOf: (version: StoredVersion) => string;
  /** Called after every round, whatever came of it. */
  readonly onRound: () => void;
  /** Ends everything when it aborts, as `close()` does. */
  readonly closing?: AbortSignal;
}

type Waiting = Unembedded["skills"];

export class Backlog {
  readonly #parts: BacklogParts;
  readonly #closing = new AbortController();
  /** Skills whose text the embedder would not take in the last round that it went through. */
  readonly #refused = new Set<string>();
  #round: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #pauseMs = FIRST_PAUSE_MS;
  #failuresInRow = 0;
  #isBehind = false;
  #error: string | undefined;

  constructor(parts: BacklogParts) {
    this.#parts = parts;
    parts.closing?.addEventListener("abort", () => void this.close(), { once: true });
  }

  /** Whether skills are left that this process knows of. */
  get isBehind(): boolean {
    return this.#isBehind;
  }

  /** Why skills are left, when the embedder failed on them. */
  get error(): string | undefined {
    return this.#error;
  }

  /** Whether every skill has a vector, but for those whose text the embedder refuses. */
  async isDone(): Promise<boolean> {
    const { vectors, pending } = await this.#parts.index.state();
    return pending === 0 || (vectors > 0 && pending <= this.#refused.size);
  }

  /** The embedder has failed on skills that will be left. */
  fail(error: string): void {
    this.#error = error;
    this.#isBehind = true;
  }

  /** Skills were applied without a vector. An embedder that has just failed gets a pause first. */
  leave(): void {
    this.#isBehind = true;
    if (this.#round !== undefined || this.#timer !== undefined || this.#isClosed) return;
    if (this.#error === undefined) this.nudge();
    else this.#planNext();
  }

  /** Starts a round when there is anything to do, unless one is under way or planned. */
  nudge(): void {
    if (this.#round !== undefined || this.#timer !== undefined || this.#isClosed) return;
    void this.#start();
  }

  /** Tries now to embed all that is left; resolves when that is done or the embedder fails. */
  async drain(): Promise<void> {
    await this.#round;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (!this.#isClosed) await this.#start();
  }

  /** Ends the round under way, and starts no other. */
  async close(): Promise<void> {
    this.#closing.abort(new RepertoireError("CLOSED", "The library is closed"));
    clearTimeout(this.#timer);
    await this.#round;
  }

  get #isClosed(): boolean {
    return this.#closing.signal.aborted;
  }

  #start(): Promise<void> {
    this.#round ??= this.#run().finally(() => {
      this.#round = undefined;
      if (!this.#isClosed) this.#parts.onRound();
    });
    return this.#round;
  }

  async #run(): Promise<void> {
    try {
      this.#isBehind = !(await this.#embedAll());
    } catch {
      // An embedder's failure is in `error`; what the index or the store say, a search says too.
      this.#isBehind = true;
    }
    if (!this.#isBehind) {
      this.#error = undefined;
      this.#pauseMs = FIRST_PAUSE_MS;
      return;
    }
    if (!this.#isClosed) this.#planNext();
  }

  #planNext(): void {
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        this.nudge();
      },
      this.#pauseMs * (0.75 + Math.random() / 2),
    ).unref();
    this.#pauseMs = Math.min(this.#pauseMs * 2, MAX_PAUSE_MS);
  }

  /** @returns whether nothing is left */
  async #embedAll(): Promise<boolean> {
    const { index, embedder } = this.#parts;
    const { skills, pending } = await index.state();
    if (pending === 0) return true;
    this.#refused.clear();
    this.#failuresInRow = 0;
    // From anywhere, so that processes which do this at once seldom embed the same.
    const start = Math.floor(Math.random() * skills);
    for (const [from, to] of [
      [start, Number.POSITIVE_INFINITY],
      [0, start],
    ] as const) {
      for (let after = from; ;) {
        const limit = embedder.batchSize ?? BATCH_SIZE;
        const found = await index.unembedded({ after, limit });
        const batch = found.skills.filter(({ position }) => position <= to);
        if (batch.length === 0) break;
        after = batch.at(-1)!.position;
        await this.#embedBatch(found.generation, batch);
      }
    }
    return (await index.unembedded({ limit: 1 })).skills.length === 0;
  }

  async #embedBatch(generation: string, batch: Waiting): Promise<void> {
    const stored = await this.#parts.store.findMany(batch.map(({ id }) => id));
    const versions = new Map(stored.map((version) => [version.id, version]));
    // The others have changed since, and come again once the index has caught up.
    const current = batch.filter(({ id, version }) => versions.get(id)?.version === version);
    const embed = (skills: Waiting): Promise<boolean> =>
      this.#embed(
        generation,
        skills.map(({ id }) => versions.get(id)!),
      );
    if (current.length === 0 || (await embed(current))) return;
    if (current.length === 1) return this.#refuse(current[0]!.id);
    // One text that the embedder can not take must not keep the others waiting.
    for (const skill of current) if (!(await embed([skill]))) this.#refuse(skill.id);
  }

  /** @throws when the embedder is down, and so would only fail on the others too */
  #refuse(id: string): void {
    this.#refused.add(id);
    this.#failuresInRow += 1;
    if (this.#failuresInRow >= FAILURES_IN_ROW) {
      this.#refused.clear();
      throw new RepertoireError("EMBEDDER_UNAVAILABLE", this.#error!);
    }
  }

  /** @returns whether it embedded them */
  async #embed(generation: string, versions: readonly StoredVersion[]): Promise<boolean> {
    const { index, embedder, textOf } = this.#parts;
    const texts = versions.map(textOf);
    let vectors: readonly Float32Array[];
    try {
      vectors = await embedWithin(
        CALL_WITHIN_MS,
        this.#closing.signal,
        embedder,
        texts,
        "document",
      );
    } catch (error) {
      if (this.#isClosed) throw error;
      this.#error = embedderFailure(error);
      if (error instanceof RepertoireError && error.code === "EMBEDDER_UNAVAILABLE") {
        this.#refused.clear();
        throw error;
      }
      return false;
    }
    this.#failuresInRow = 0;
    this.#pauseMs = FIRST_PAUSE_MS;
    const filled = vectors.map((vector, at) => {
      const { id, version } = versions[at]!;
      return { id, version, vector };
    });
    await index.addVectors({ generation, vectors: filled });
    return true;
  }
}
