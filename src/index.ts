/** The whole public surface of `repertoire`. */
export { openLibrary } from "./library/open-library.ts";
export { defaultLibraryPath } from "./library/library-path.ts";
export { getSkillLibrary } from "./library/process-library.ts";
export { LibraryView } from "./library/views/library-view.ts";
export { restoreLibrary } from "./store/sqlite/maintenance/restore-library.ts";
export { SkillLibrary } from "./library/skill-library.ts";
export { InvalidDraftError, RepertoireError, VersionConflictError } from "./base/errors.ts";
export { ValidationFailedError } from "./library/catalog/admission.ts";
export { Execution, SkillFailedError } from "./skill/execution.ts";
export { mergeDrafts } from "./skill/compare-drafts.ts";
export { draftOf } from "./skill/definition-of.ts";
export { LIMITS } from "./base/limits.ts";
export { AsyncRWLock } from "./lock/rw-lock.ts";
export { functionEmbedder } from "./search/embedders/function-embedder.ts";
export { httpEmbedder } from "./search/embedders/http-embedder.ts";
export { miniLmEmbedder } from "./search/embedders/minilm-embedder.ts";
export { staticEmbedder } from "./search/static-embedder.ts";

export type { Clock } from "./base/clock.ts";
export type { ConflictField, LongField } from "./base/conflict-field.ts";
export type {
  ConflictFacts,
  ConflictReason,
  ErrorCode,
  ErrorDetails,
  Issue,
} from "./base/errors.ts";
export type { Fence } from "./base/fence.ts";
export type { Problem } from "./base/problem.ts";
export type { JsonObject, JsonValue } from "./base/json.ts";
export type { FieldComparison, FieldFate } from "./base/three-way.ts";
export type { Limits, RunLimits } from "./base/limits.ts";
export type { CacheControl, CacheStats } from "./cache/cache-stats.ts";
export type { AddManyOptions, AddOutcome } from "./library/catalog/add-many.ts";
export type { ExecuteManyItem, ExecuteManyOptions } from "./library/execution/execute-many.ts";
export type {
  AddOptions,
  AddResult,
  ChangeOptions,
  ChangeResult,
  DependentsOptions,
  FacetOptions,
  GetOptions,
  ListedSkill,
  ListOptions,
  ListOrder,
  RollbackOptions,
  StatusOptions,
} from "./library/catalog/catalog-options.ts";
export type {
  ConfusableGroup,
  ConfusableOptions,
  ConfusableSkills,
} from "./library/retrieval/confusable.ts";
export type { ClaimOptions } from "./library/catalog/claims.ts";
export type { ComposeOptions, WorkflowProgress } from "./library/workflows/composer.ts";
export type { ExecuteOptions } from "./library/execution/execute-options.ts";
export type { MatchDependencies, WithDependencies } from "./library/catalog/dependencies.ts";
export type { JournalOptions, Withheld } from "./library/execution/journal-keeper.ts";
export type {
  CredentialRequest,
  FetchCredentials,
  FetchPolicy,
} from "./library/execution/host-fetch/fetch-policy.ts";
export type {
  LearnedControl,
  LearnedFilter,
  LearnedQueryUse,
} from "./library/retrieval/learned-control.ts";
export type { LearningStats } from "./library/retrieval/learning.ts";
export type { LibraryStats } from "./library/library-stats.ts";
export type { CheckLibraryOptions, LibraryCheck, LibraryRepair } from "./library/look-after.ts";
export type { Replay, ReplayOptions } from "./library/execution/replayer.ts";
export type {
  GrantPolicy,
  LibraryOptions,
  Policy,
  SandboxSize,
  Tool,
  ToolCall,
  ToolDefinition,
  ToolInfo,
} from "./library/options.ts";
export type {
  MeasuredGrants,
  MeasuredRun,
  MeasureGrantsOptions,
} from "./library/execution/measure-grants.ts";
export type { SimilarSkill } from "./library/retrieval/neighbours.ts";
export type { RunPriority } from "./library/execution/waiting-runs.ts";
export type { RunQueueStats } from "./library/execution/run-queue.ts";
export type { CallerQuota } from "./library/execution/run-quotas.ts";
export type { WriteLimitStats } from "./library/catalog/write-limit.ts";
export type {
  ScoreParts,
  SearchOptions,
  SearchResult,
  SkillMatch,
} from "./library/retrieval/searcher.ts";
export type { SyncLibrary } from "./library/sync/sync-library.ts";
export type { ChangeDraft, UpdateOptions } from "./library/catalog/update-skill.ts";
export type {
  StepReport,
  WorkflowInput,
  WorkflowRun,
  WorkflowStep,
} from "./library/workflows/workflow.ts";
export type { WorkflowDraft } from "./library/workflows/workflow-skill.ts";
export type {
  AcquireOptions,
  Lease,
  LockDriver,
  LockHolder,
  LockMode,
  LockStats,
} from "./lock/lock-driver.ts";
export type { HardeningPart, Sandbox, SandboxIsolation, SandboxStats } from "./sandbox/sandbox.ts";
export type { Embedder } from "./search/embedder.ts";
export type { FunctionEmbedderOptions } from "./search/embedders/function-embedder.ts";
export type { HttpEmbedderOptions } from "./search/embedders/http-options.ts";
export type { MiniLmEmbedder } from "./search/embedders/minilm-embedder.ts";
export type { StaticEmbedderOptions } from "./search/static-embedder.ts";
export type { IndexActivity, SearchIndex } from "./search/search-index.ts";
export type { DraftMerge } from "./skill/compare-drafts.ts";
export type { FieldChange } from "./skill/definition-diff.ts";
export type {
  ExecutionError,
  ExecutionRecord,
  ExecutionStatus,
  LogLevel,
  LogLine,
  StackFrame,
} from "./skill/execution.ts";
export type {
  Divergence,
  JournaledCall,
  JournaledFailure,
  RunJournal,
} from "./skill/run-journal.ts";
export type {
  Capabilities,
  Capability,
  Check,
  ExampleHostCall,
  FailureNote,
  Skill,
  SkillClaim,
  SkillDefinition,
  SkillDraft,
  SkillExample,
  SkillLanguage,
  SkillLimits,
  SkillMetrics,
  SkillStatus,
  SkillSummary,
  SkillVersion,
} from "./skill/skill.ts";
export type { BackupOptions, BackupProgress, BackupResult } from "./store/library-files.ts";
export type { RestoreOptions, RestoreResult } from "./store/sqlite/maintenance/restore-library.ts";
export type {
  JournalState,
  RecordedRun,
  RunFilter,
  RunRecord,
  RunRecording,
  RunStore,
  RunTotals,
  SkillEvidence,
  SkillUsage,
} from "./store/run-store.ts";
export type {
  Change,
  Dependents,
  ExpectedVersion,
  FacetCount,
  SkillFacets,
  SkillStore,
  WriteGuard,
} from "./store/skill-store.ts";
