/** A store of skills, as the agents of `agents.ts` use it: shared skills that count, and own ones. */

/** What a skill says when it is read. */
export interface Counted {
  readonly count: number;
  /** Who wrote it; absent where a store counts by itself and keeps no name. */
  readonly by?: string;
  /** Its version, where the store has versions and a write can name the one it is based on. */
  readonly version?: number;
}

export interface CountingStore {
  read(skill: string): Promise<Counted>;
  /**
   * Writes what was read, and one more.
   *
   * @returns false when it was refused because somebody else came first
   */
  write(skill: string, seen: Counted, by: string): Promise<boolean>;
  /** Adds a skill that nobody else touches. */
  add(id: string): Promise<void>;
  /** Which of these skills are there. */
  present(ids: readonly string[]): Promise<readonly string[]>;
  close(): Promise<unknown>;
}

/** A way to use a store. */
export interface Contender {
  readonly name: string;
  /** How an update is made, as its documentation shows. */
  readonly use: string;
  /** Whether several processes can have the same store, on the disk. */
  readonly isOnDisk: boolean;
  open(directory: string): Promise<CountingStore>;
}

/** The skills all agents count up in; they exist before the agents begin. */
export const SHARED: readonly string[] = ["alpha", "beta", "gamma"];

export const FIRST: Counted = { count: 0, by: "nobody" };
