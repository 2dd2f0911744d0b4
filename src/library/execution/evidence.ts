/**
 * Records finished runs and answers what is known of a skill's runs.
 *
 * Runs are kept in memory for at most `FLUSH_AFTER_MS` or `FLUSH_AT_RUNS`, then written in short
 * transactions, so recording never slows a run down. A crash of the process loses at most that
 * window; `close()` loses nothing. Reading a skill's evidence first writes what is pending, so a
 * process always sees its own runs; runs of other processes appear within `MAX_AGE_MS` of being written.
 */
import type { Clock } from "../../base/clock.ts";
import { RepertoireError } from "../../base/errors.ts";
import type { SkillMetrics } from "../../skill/skill.ts";
import { judgedRuns } from "../../store/run-metrics.ts";
import { smoothedRate } from "../../search/outcome.ts";
import type {
  RecordedRun,
  RunFilter,
  RunRecord,
  RunRecording,
  RunStore,
  RunTotals,
  SkillEvidence,
  SkillUsage,
} from "../../store/run-store.ts";

const FLUSH_AFTER_MS = 200;
const FLUSH_AT_RUNS = 500;
const PART_RUNS = 50;
const PART_JOURNAL_BYTES = 256 * 1024;
const RETRY_AFTER_MS = 1000;
const MAX_AGE_MS = 200;
/** Skills whose evidence is kept in memory. */
const MAX_KNOWN = 10_000;
/** Runs held while the store is out of reach; beyond it the oldest are dropped and counted. */
const MAX_PENDING = 100_000;
/** Journals waiting to be written; they are written at once from the first, and beyond the second the oldest are dropped. */
const FLUSH_AT_JOURNAL_BYTES = 4 * 1024 * 1024;
const MAX_PENDING_JOURNAL_BYTES = 32 * 1024 * 1024;

const NO_METRICS: SkillMetrics = Object.freeze({
  uses: 0,
  successes: 0,
  failures: Object.freeze({}),
  lastFailures: Object.freeze([]),
});
const NO_EVIDENCE: SkillEvidence = { skill: NO_METRICS, versions: new Map() };

export class Evidence {
  readonly #runs: RunStore;
  readonly #clock: Clock;
  #pending: RecordedRun[] = [];
  #pendingJournalBytes = 0;
  #dropped = 0;
  #timer: NodeJS.Timeout | undefined;
  #flushing: Promise<void> | undefined;
  #known = new Map<string, SkillEvidence>();
  #libraryRate: number | undefined;
  #reliable:
    | {
        readonly epoch: number | undefined;
        readonly rate: number;
        readonly ids: ReadonlySet<string>;
      }
    | undefined;
  #epoch: number | undefined;
  #checkedAt = Number.NEGATIVE_INFINITY;
  #expirations = 0;
  #lastError: string | undefined;
  #closed = false;

  constructor(parts: { readonly runs: RunStore; readonly clock: Clock }) {
    this.#runs = parts.runs;
    this.#clock = parts.clock;
  }

  record(run: RecordedRun): void {
    this.#pending.push(run);
    this.#pendingJournalBytes += journalBytes(run);
    if (this.#pending.length > MAX_PENDING) {
      this.#pendingJournalBytes -= journalBytes(this.#pending.shift());
      this.#dropped += 1;
    }
    if (this.#pendingJournalBytes > MAX_PENDING_JOURNAL_BYTES) this.#dropOldestJournals();
    const isMuch =
      this.#pending.length >= FLUSH_AT_RUNS || this.#pendingJournalBytes >= FLUSH_AT_JOURNAL_BYTES;
    this.#flushSoon(isMuch ? 0 : FLUSH_AFTER_MS);
  }

  /** Evidence of one skill, without a promise when it is already known. */
  of(id: string): SkillEvidence | Promise<SkillEvidence> {
    if (this.#pending.length === 0 && this.#flushing === undefined && this.#isFresh()) {
      const known = this.#known.get(id);
      if (known) return known;
    }
    return this.#load([id]).then((found) => found.get(id) ?? NO_EVIDENCE);
  }

  /** Evidence of several skills; every id asked for is in the answer. */
  async ofMany(ids: readonly string[]): Promise<ReadonlyMap<string, SkillEvidence>> {
    const found = await this.#load(ids);
    return new Map(ids.map((id) => [id, found.get(id) ?? NO_EVIDENCE]));
  }

  /** Usage of every skill that was ever used. */
  async usage(): Promise<ReadonlyMap<string, SkillUsage>> {
    await this.#tryFlush();
    return this.#runs.usage();
  }

  /**
   * The ids of the skills whose success rate is at least this: the same set as long as no run is
   * recorded.
   */
  async reliable(rate: number): Promise<ReadonlySet<string>> {
    await this.#load([]);
    const known = this.#reliable;
    if (known !== undefined && known.epoch === this.#epoch && known.rate === rate) return known.ids;
    const epoch = this.#epoch;
    const ids = new Set<string>();
    for (const [id, { successRate = -1 }] of await this.#runs.usage())
      if (successRate >= rate) ids.add(id);
    this.#reliable = { epoch, rate, ids };
    return ids;
  }

  /** The success rate over all skills, as it was when evidence was last asked for; never 0 or 1. */
  async libraryRate(): Promise<number> {
    this.#libraryRate ??= rateOf(await this.#runs.totals());
    return this.#libraryRate;
  }

  async list(filter: RunFilter): Promise<readonly RunRecord[]> {
    await this.#tryFlush();
    return this.#runs.list(filter);
  }

  async find(runId: string): Promise<RunRecord | undefined> {
    await this.#tryFlush();
    return this.#runs.find(runId);
  }

  async recordingOf(runId: string): Promise<RunRecording | undefined> {
    await this.#tryFlush();
    return this.#runs.recording(runId);
  }

  /** @throws what keeps the store from writing: what is redacted must not turn up later */
  async redact(runId: string): Promise<RunRecord | undefined> {
    await this.flush();
    const record = await this.#runs.redact(runId);
    this.expire();
    return record;
  }

  async totals(): Promise<RunTotals> {
    await this.#tryFlush();
    return this.#runs.totals();
  }

  /** What is waiting to be written, and why the last attempt failed, if it did. */
  get recording(): {
    readonly pending: number;
    readonly dropped: number;
    readonly lastError?: string;
  } {
    const state = { pending: this.#pending.length, dropped: this.#dropped };
    return this.#lastError === undefined ? state : { ...state, lastError: this.#lastError };
  }

  /** Writes everything recorded before the call. */
  async flush(): Promise<void> {
    while (this.#pending.length > 0 || this.#flushing) {
      this.#flushing ??= this.#writePending().finally(() => {
        this.#flushing = undefined;
      });
      await this.#flushing;
    }
  }

  /** Looks for runs recorded elsewhere at the next read, however recent the last look was. */
  expire(): void {
    this.#expirations += 1;
    this.#checkedAt = Number.NEGATIVE_INFINITY;
  }

  /** @throws what keeps the store from taking the last runs, which are then lost */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.flush();
  }

  /**
   * A store that can be read and not written, such as on a full disk, must neither stop nor delay
   * reads of skills: what is pending stays pending, and `recording` says why.
   */
  async #tryFlush(): Promise<void> {
    const wasWell = this.#lastError === undefined;
    const flushed = this.flush().catch(() => this.#retryLater());
    if (wasWell) await flushed;
  }

  async #writePending(): Promise<void> {
    let batch: readonly RecordedRun[] = this.#pending;
    this.#pending = [];
    this.#pendingJournalBytes = 0;
    try {
      while (batch.length > 0) {
        const part = firstPart(batch);
        await this.#record(part);
        batch = batch.slice(part.length);
        this.expire();
      }
      this.#lastError = undefined;
    } catch (error) {
      this.#pending = [...batch, ...this.#pending];
      this.#pendingJournalBytes = this.#pending.reduce((sum, run) => sum + journalBytes(run), 0);
      this.#lastError = error instanceof Error ? error.message : String(error);
      throw error;
    }
  }

  /**
   * A store out of reach says so with an error of the library, and the runs are kept for later. Any
   * other error is one run's own: it alone is dropped, so that it can not hold back the others.
   */
  async #record(batch: readonly RecordedRun[]): Promise<void> {
    try {
      await this.#runs.record(batch);
    } catch (error) {
      if (error instanceof RepertoireError) throw error;
      if (batch.length > 1) {
        for (const run of batch) await this.#record([run]);
        return;
      }
      this.#dropped += batch.length;
      this.#lastError = error instanceof Error ? error.message : String(error);
    }
  }

  /** Halves them, so that it is not done for every run. */
  #dropOldestJournals(): void {
    this.#pending = this.#pending.map((run) => {
      if (this.#pendingJournalBytes <= MAX_PENDING_JOURNAL_BYTES / 2) return run;
      this.#pendingJournalBytes -= journalBytes(run);
      const { recording: _, ...record } = run;
      return record;
    });
  }

  /** The timer keeps the process alive, so that a program that just ends loses nothing either. */
  #flushSoon(delayMs: number): void {
    if (this.#timer !== undefined && delayMs > 0) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      // The failure is kept in `recording`, the runs stay pending, and `close()` reports it.
      this.flush().catch(() => this.#retryLater());
    }, delayMs);
  }

  /** A store that stays out of reach must not keep the process alive for ever. */
  #retryLater(): void {
    if (this.#closed) return;
    this.#flushSoon(RETRY_AFTER_MS);
    this.#timer?.unref();
  }

  #isFresh(): boolean {
    return this.#clock.monotonicMs() - this.#checkedAt < MAX_AGE_MS;
  }

  async #load(ids: readonly string[]): Promise<ReadonlyMap<string, SkillEvidence>> {
    await this.#tryFlush();
    if (!this.#isFresh()) {
      const expirations = this.#expirations;
      const epoch = await this.#runs.epoch();
      if (epoch !== this.#epoch || this.#known.size > MAX_KNOWN) this.#known = new Map();
      if (epoch !== this.#epoch) this.#libraryRate = undefined;
      this.#epoch = epoch;
      // What was recorded while the store answered is not in its answer.
      if (expirations === this.#expirations) this.#checkedAt = this.#clock.monotonicMs();
    }
    const known = this.#known;
    const missing = ids.filter((id) => !known.has(id));
    if (missing.length > 0) {
      const found = await this.#runs.evidence(missing);
      for (const id of missing) known.set(id, found.get(id) ?? NO_EVIDENCE);
    }
    return known;
  }
}

/** What one transaction holds: the event loop, and every other process, waits while it is written. */
function firstPart(runs: readonly RecordedRun[]): readonly RecordedRun[] {
  let bytes = 0;
  const end = runs.findIndex((run, at) => {
    bytes += journalBytes(run);
    return at > 0 && (at === PART_RUNS || bytes > PART_JOURNAL_BYTES);
  });
  return end < 0 ? runs : runs.slice(0, end);
}

/** About what a run's journal takes in memory. */
function journalBytes(run: RecordedRun | undefined): number {
  if (run?.recording === undefined) return 0;
  const { contextJson, calls } = run.recording.journal;
  return calls.reduce(
    (sum, { args, reply }) =>
      sum + 100 + args.length + (reply?.ok === true ? reply.json.length : 0),
    contextJson.length,
  );
}

function rateOf({ byStatus }: RunTotals): number {
  const { successes, failures } = judgedRuns(byStatus);
  return smoothedRate(successes, failures);
}

/** Metrics of one version out of a skill's evidence. */
export function metricsOf(evidence: SkillEvidence, version: number): SkillMetrics {
  return evidence.versions.get(version) ?? NO_METRICS;
}
