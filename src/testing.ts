/** For tests of drivers, and of programs that use a library: `repertoire/testing`. */
export { embedderContract } from "./search/embedder.contract.ts";
export { lockContract } from "./lock/lock-driver.contract.ts";
export { searchIndexContract } from "./search/search-index.contract.ts";
export { learnedUsesContract } from "./store/learned-uses.contract.ts";
export { runStoreContract } from "./store/run-store.contract.ts";
export { expectedStatusContract } from "./store/expected-status.contract.ts";
export { skillBrowsingContract } from "./store/skill-browsing.contract.ts";
export { skillStoreContract } from "./store/skill-store.contract.ts";
export { contractSuite } from "./testing/contract/contract-suite.ts";
export { contractCases, declareContract } from "./testing/contract/run-contract.ts";
export { faultyDriver } from "./testing/faults/faulty-driver.ts";
export { processFaults } from "./testing/faults/process-faults.ts";
export { auditHistory } from "./testing/history/audit-history.ts";
export { historyNow, historyRecorder, readHistory } from "./testing/history/history-file.ts";
export { recordLibrary } from "./testing/history/record-library.ts";
export { recordStore } from "./testing/history/record-store.ts";
export { checkHistory } from "./testing/linearizability/check-history.ts";
export { skillModel } from "./testing/linearizability/skill-model.ts";
export { seededRandom } from "./testing/stress/seeded-random.ts";
export { stressFaults, stressOperations } from "./testing/stress/stress-plan.ts";
export { stressProcesses } from "./testing/stress/stress-processes.ts";
export { stressStore } from "./testing/stress/stress-store.ts";
export { librarySubject, storeSubject } from "./testing/stress/stress-subject.ts";

export type { LockContractOptions } from "./lock/lock-driver.contract.ts";
export type { RunStorePlace } from "./store/contract/run-store-place.ts";
export type { SkillStorePlace } from "./store/contract/skill-store-place.ts";
export type {
  ContractHook,
  ContractSuite,
  ContractTest,
} from "./testing/contract/contract-suite.ts";
export type { ContractCase, TestRunner } from "./testing/contract/run-contract.ts";
export type { DriverFaults } from "./testing/faults/faulty-driver.ts";
export type { Pause, ProcessFaults } from "./testing/faults/process-faults.ts";
export type { HistoryAudit } from "./testing/history/audit-history.ts";
export type {
  FailedCall,
  History,
  HistoryRecorder,
  SkillOperation,
  Unanswered,
} from "./testing/history/history-file.ts";
export type { RecordedLibrary, RecordLibraryOptions } from "./testing/history/record-library.ts";
export type {
  CheckOptions,
  HistoryFailure,
  HistoryReport,
} from "./testing/linearizability/check-history.ts";
export type { Operation, SequentialModel } from "./testing/linearizability/operation.ts";
export type {
  SkillAnswer,
  SkillCall,
  SkillModel,
  SkillState,
} from "./testing/linearizability/skill-model.ts";
export type { SeededRandom } from "./testing/stress/seeded-random.ts";
export type {
  Expectation,
  StressFault,
  StressMix,
  StressOperation,
  StressOperationKind,
} from "./testing/stress/stress-plan.ts";
export type { OpenSubject } from "./testing/stress/stress-process.ts";
export type {
  StressProcessesOptions,
  StressProcessesReport,
} from "./testing/stress/stress-processes.ts";
export type { StressReport } from "./testing/stress/stress-report.ts";
export type { StressStoreOptions } from "./testing/stress/stress-store.ts";
export type { StressSubject } from "./testing/stress/stress-subject.ts";
