/**
 * Every default number of the library, with its unit in its name.
 * Code takes a limit from the resolved `Limits` it is given, never from a literal.
 */
export interface Limits {
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
  readonly contextBytes: number;
  readonly resultBytes: number;
  readonly logLines: number;
  readonly logBytes: number;
  /** Calls a run may make to its host (tools, skills, progress, sleep). */
  readonly hostCalls: number;
  /** Host calls a run may have waiting at once. */
  readonly pendingHostCalls: number;
  /** How deep skills may call skills. */
  readonly nestingDepth: number;
  readonly memoryBytes: number;
  readonly maxMemoryBytes: number;
  readonly stackBytes: number;
  /** Default wall-clock time of a run. */
  readonly timeoutMs: number;
  /** Longest wall-clock time a run may ask for. */
  readonly maxTimeoutMs: number;
  readonly queryLength: number;
  /** Most search results or list entries a caller may ask for at once. */
  readonly pageSize: number;
  /** Default number of search results. */
  readonly searchResults: number;
  /** Default number of runs a batch or workflow keeps in flight. */
  readonly maxConcurrent: number;
  /** Most items a batch accepts. */
  readonly batchItems: number;
  readonly workflowSteps: number;
  readonly cacheEntries: number;
  readonly cacheTtlMs: number;
  /** How long a write waits for another process before it gives up. */
  readonly storeBusyMs: number;
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
  contextBytes: MIB,
  resultBytes: 4 * MIB,
  logLines: 200,
  logBytes: 64 * KIB,
  hostCalls: 1000,
  pendingHostCalls: 64,
  nestingDepth: 8,
  memoryBytes: 32 * MIB,
  maxMemoryBytes: 256 * MIB,
  stackBytes: 256 * KIB,
  timeoutMs: 30_000,
  maxTimeoutMs: 600_000,
  queryLength: 2000,
  pageSize: 1000,
  searchResults: 10,
  maxConcurrent: 10,
  batchItems: 100_000,
  workflowSteps: 1000,
  cacheEntries: 100,
  cacheTtlMs: 3_600_000,
  storeBusyMs: 10_000,
  runRecords: 10_000,
});
