/** What one run may use; each is enforced, and a failure names the one that was reached. */
export interface RunLimits {
  /** Wall-clock time of a run. */
  readonly timeoutMs: number;
  /** Time a run may keep a processor busy. */
  readonly cpuMs: number;
  /** Heap of a run, array buffers and strings included. */
  readonly memoryBytes: number;
  readonly stackBytes: number;
  /** Calls a run may make to its host (tools, skills, fetch, progress, sleep). */
  readonly hostCalls: number;
  /** Host calls a run may have waiting at once. */
  readonly pendingHostCalls: number;
  readonly contextBytes: number;
  readonly resultBytes: number;
  readonly logLines: number;
  readonly logBytes: number;
}

/**
 * Every default number of the library, with its unit in its name.
 * Code takes a limit from the resolved `Limits` it is given, never from a literal.
 *
 * The defaults of a run are those of {@link RunLimits}; a skill may ask for less, or for more up to
 * the maximum of the same name.
 */
export interface Limits extends RunLimits {
  /** Longest skill id, each side of the namespace slash. */
  readonly idLength: number;
  readonly nameLength: number;
  readonly descriptionLength: number;
  readonly categoryLength: number;
  readonly tagLength: number;
  readonly tagCount: number;
  readonly codeBytes: number;
  readonly instructionsBytes: number;
  /** Size of one JSON Schema (input or output). */
  readonly schemaBytes: number;
  readonly metadataBytes: number;
  readonly exampleCount: number;
  /** How deep skills may call skills. */
  readonly nestingDepth: number;
  readonly maxTimeoutMs: number;
  readonly maxCpuMs: number;
  readonly maxMemoryBytes: number;
  /** More would not leave room for the engine's own frames. */
  readonly maxStackBytes: number;
  readonly maxHostCalls: number;
  readonly maxPendingHostCalls: number;
  readonly maxContextBytes: number;
  readonly maxResultBytes: number;
  readonly maxLogLines: number;
  readonly maxLogBytes: number;
  /** What is kept of one run so that it can be replayed; calls beyond it are left out. */
  readonly journalBytes: number;
  /** What is kept of all runs so that they can be replayed; the oldest are dropped first. */
  readonly journalsBytes: number;
  readonly queryLength: number;
  /** Most search results or list entries a caller may ask for at once. */
  readonly pageSize: number;
  /** What looking for skills like a new one may add to an `add`, or to each 64 drafts of a batch. */
  readonly similarMs: number;
  /** Default number of search results. */
  readonly searchResults: number;
  /** Default number of runs a batch or workflow keeps in flight. */
  readonly maxConcurrent: number;
  /** Most items a batch accepts. */
  readonly batchItems: number;
  readonly workflowSteps: number;
  /** Skills that may have changed since the revision of a view, for its lists and searches. */
  readonly viewChanges: number;
  /** How long a claim of a skill lasts unless it is renewed or released. */
  readonly claimTtlMs: number;
  readonly cacheEntries: number;
  readonly cacheTtlMs: number;
  /** How long a write waits for another process before it gives up. */
  readonly storeBusyMs: number;
  /** Runs that may wait for the sandbox; more are refused. */
  readonly queuedRuns: number;
  /** Writes that may be under way at once; more are refused. A batch is one. */
  readonly queuedWrites: number;
  /** Run records kept; the oldest are dropped first. Counters are kept for ever. */
  readonly runRecords: number;
}

const KIB = 1024;
const MIB = 1024 * KIB;

/** The defaults; override any of them with `openLibrary({ limits })`. */
export const LIMITS: Limits = Object.freeze({
  idLength: 64,
  nameLength: 128,
  descriptionLength: 1024,
  categoryLength: 64,
  tagLength: 64,
  tagCount: 32,
  codeBytes: 256 * KIB,
  instructionsBytes: MIB,
  schemaBytes: 64 * KIB,
  metadataBytes: 64 * KIB,
  exampleCount: 100,
  timeoutMs: 30_000,
  maxTimeoutMs: 600_000,
  cpuMs: 30_000,
  maxCpuMs: 600_000,
  memoryBytes: 32 * MIB,
  maxMemoryBytes: 256 * MIB,
  stackBytes: 256 * KIB,
  maxStackBytes: 512 * KIB,
  hostCalls: 1000,
  maxHostCalls: 100_000,
  pendingHostCalls: 64,
  maxPendingHostCalls: 1024,
  contextBytes: MIB,
  maxContextBytes: 16 * MIB,
  resultBytes: 4 * MIB,
  maxResultBytes: 16 * MIB,
  logLines: 200,
  maxLogLines: 10_000,
  logBytes: 64 * KIB,
  maxLogBytes: 4 * MIB,
  nestingDepth: 8,
  journalBytes: 256 * KIB,
  journalsBytes: 64 * MIB,
  queryLength: 2000,
  pageSize: 1000,
  similarMs: 1000,
  searchResults: 10,
  maxConcurrent: 10,
  batchItems: 100_000,
  workflowSteps: 1000,
  viewChanges: 50_000,
  claimTtlMs: 600_000,
  cacheEntries: 100,
  cacheTtlMs: 3_600_000,
  storeBusyMs: 10_000,
  queuedRuns: 10_000,
  queuedWrites: 10_000,
  runRecords: 10_000,
});

/** The least and, by the name of the limit that holds it, the most a skill may ask for. */
export const RUN_LIMIT_RANGES: Readonly<
  Record<
    keyof RunLimits,
    { readonly min: number; readonly max: keyof Limits; readonly unit: string }
  >
> = Object.freeze({
  timeoutMs: { min: 1, max: "maxTimeoutMs", unit: "milliseconds" },
  cpuMs: { min: 1, max: "maxCpuMs", unit: "milliseconds" },
  memoryBytes: { min: MIB, max: "maxMemoryBytes", unit: "bytes" },
  stackBytes: { min: 16 * KIB, max: "maxStackBytes", unit: "bytes" },
  hostCalls: { min: 0, max: "maxHostCalls", unit: "calls" },
  pendingHostCalls: { min: 0, max: "maxPendingHostCalls", unit: "calls" },
  contextBytes: { min: 2, max: "maxContextBytes", unit: "bytes" },
  resultBytes: { min: 2, max: "maxResultBytes", unit: "bytes" },
  logLines: { min: 0, max: "maxLogLines", unit: "lines" },
  logBytes: { min: 0, max: "maxLogBytes", unit: "bytes" },
});

/** The limits of a run out of all limits. */
export function runLimits(limits: RunLimits): RunLimits {
  const names = Object.keys(RUN_LIMIT_RANGES) as (keyof RunLimits)[];
  return Object.fromEntries(names.map((name) => [name, limits[name]])) as unknown as RunLimits;
}
