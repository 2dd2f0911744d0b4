import type { RunStore } from "../run-store.ts";

/** An empty place for data; each `connect` opens the same data as another process would. */
export interface RunStorePlace {
  /**
   * @param maxRecords Runs to keep
   * @param maxJournalBytes Room for recordings (default: enough)
   */
  connect(maxRecords: number, maxJournalBytes?: number): Promise<RunStore>;
  dispose(): Promise<void>;
}
