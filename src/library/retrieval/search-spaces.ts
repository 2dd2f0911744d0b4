/**
 * Which vectors searches compare. After the embedder was changed, the former space answers, and is
 * kept in step with the store, until the new one is complete; then searches change over, at once.
 */
import type { SearchSpace } from "./search-space.ts";

/** The space of the embedder before, with what is to be done when it is no longer needed. */
export interface FormerSpace {
  readonly space: SearchSpace;
  /** Closes its index, and removes the file if no other process needs it. */
  readonly retire: () => Promise<void>;
}

/** How far the space of another embedder has come. */
export interface SpaceProgress {
  readonly embedder: string;
  /** Skills it is done with. */
  readonly done: number;
  readonly total: number;
}

export class SearchSpaces {
  readonly #wanted: SearchSpace;
  #former: FormerSpace | undefined;
  #checking: Promise<void> | undefined;
  #checksAgain = false;
  #retiring: Promise<void> = Promise.resolve();

  constructor(wanted: SearchSpace, former?: FormerSpace) {
    this.#wanted = wanted;
    this.#former = former;
  }

  /** The space that searches use. */
  get current(): SearchSpace {
    return this.#former?.space ?? this.#wanted;
  }

  /** The space that will be used once it is complete, when that is another one. */
  get next(): SearchSpace | undefined {
    return this.#former && this.#wanted;
  }

  /** Works in the space that searches use, which is neither retired nor built anew meanwhile. */
  async use<T>(work: (space: SearchSpace) => Promise<T>): Promise<T> {
    for (;;) {
      const space = this.current;
      await using _ = await space.indexer.lock.acquire("read");
      // It may have been retired while this waited.
      if (space === this.current) return await work(space);
    }
  }

  async progress(): Promise<SpaceProgress | undefined> {
    const { next, current } = this;
    if (next?.embedder === undefined) return undefined;
    const [{ skills, pending }, { skills: total }] = await Promise.all([
      next.index.state(),
      current.index.state(),
    ]);
    return { embedder: next.embedder.id, done: skills - pending, total: Math.max(skills, total) };
  }

  /** Starts bringing the space that is not used yet up to date, without anyone waiting. */
  nudgeNext(): void {
    if (this.#former === undefined) return;
    const { indexer } = this.#wanted;
    indexer.nudge(() => {
      indexer.resume();
      this.check();
    });
  }

  /** Starts bringing what is behind up to date, without anyone waiting. */
  nudge(): void {
    this.current.indexer.nudge();
    this.nudgeNext();
  }

  /** Goes on with what earlier processes have left. */
  resume(): void {
    this.current.indexer.resume();
    this.nudgeNext();
  }

  /** Changes over when the new space is complete. */
  check(): void {
    if (this.#former === undefined) return;
    this.#checksAgain = true;
    this.#checking ??= this.#checkUntilSettled().finally(() => {
      this.#checking = undefined;
    });
  }

  /** Builds the spaces anew from the store; resolves when all is embedded or an embedder fails. */
  async rebuild(): Promise<void> {
    const { current, next } = this;
    await current.indexer.rebuild();
    await next?.indexer.rebuild();
    await current.indexer.embedRest();
    await next?.indexer.embedRest();
  }

  /** Resolves when nothing is under way any more. */
  async settle(): Promise<void> {
    await this.#wanted.indexer.settle();
    await this.#checking;
    await this.#retiring;
    await this.#former?.space.indexer.settle();
  }

  async #checkUntilSettled(): Promise<void> {
    while (this.#checksAgain) {
      this.#checksAgain = false;
      const former = this.#former;
      // What keeps it from being seen to be complete is seen again at the next check.
      const isComplete = await this.#wanted.indexer.isComplete().catch(() => false);
      if (former === undefined || !isComplete) continue;
      this.#former = undefined;
      this.#retiring = this.#retire(former);
    }
  }

  async #retire({ space, retire }: FormerSpace): Promise<void> {
    await space.indexer.settle();
    // Searches that have begun in it come to their end.
    await using _ = await space.indexer.lock.acquire("write");
    await retire();
  }
}
