/** The embedded drivers, for wiring them by hand: `repertoire/sqlite`. */
export { sqliteLocks } from "./lock/sqlite/sqlite-locks.ts";
export { sqliteRunStore } from "./store/sqlite/sqlite-run-store.ts";
export { sqliteSkillStore } from "./store/sqlite/sqlite-skill-store.ts";
export { sqliteSearchIndex } from "./search/sqlite-index.ts";
export type { SqliteLocksOptions } from "./lock/sqlite/sqlite-locks.ts";
export type { SqliteRunOptions } from "./store/sqlite/sqlite-run-store.ts";
export type { SqliteOptions } from "./store/sqlite/connection.ts";
export type { SqliteSearchIndexOptions } from "./search/sqlite-index.ts";
