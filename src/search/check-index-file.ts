/** What is wrong with the file of an index, by itself; on a thread of its own. */
import { DatabaseSync } from "node:sqlite";
import { problemList } from "../base/problem.ts";
import type { ProblemList } from "../base/problem.ts";
import { isSqliteError } from "./sqlite-errors.ts";
import type { IndexReport } from "./search-index.ts";

const BUSY_MS = 10_000;

/** Each counts what a whole index has none of. */
const RULES: readonly { readonly sql: string; readonly message: string }[] = [
  {
    sql: "SELECT count(*) AS n FROM documents WHERE rowid NOT IN (SELECT rowid FROM keywords)",
    message: "have no keywords",
  },
  {
    sql: "SELECT count(*) AS n FROM keywords WHERE rowid NOT IN (SELECT rowid FROM documents)",
    message: "are found by keyword and are not there",
  },
  {
    sql: `SELECT abs(s.skills - (SELECT count(*) FROM documents))
        + abs(s.pending - (SELECT count(*) FROM documents WHERE pending = 1))
        + abs(s.vectors - (SELECT count(*) FROM vectors)) AS n FROM state s`,
    message: "are not counted, or counted and not there",
  },
  {
    sql: `SELECT count(*) AS n FROM documents d, state s WHERE s.embedder IS NOT NULL
      AND d.pending <> (d.rowid NOT IN (SELECT rowid FROM vectors))`,
    message: "neither have a vector nor wait for one, or both",
  },
  {
    sql: `SELECT count(*) AS n FROM vectors v, state s WHERE v.rowid NOT IN (SELECT rowid FROM documents)
      OR length(v.bytes) IS NOT s.dimensions OR NOT (v.scale >= 0 AND v.scale < 1e300)`,
    message: "have a vector that is no vector of the embedder's, or is of nothing",
  },
  {
    sql: `SELECT count(*) AS n FROM documents d WHERE
      (SELECT count(*) FROM document_tags WHERE document = d.rowid)
        <> (SELECT count(DISTINCT value) FROM json_each(d.tags))`,
    message: "are not found by their tags",
  },
];

const CURRENT =
  "SELECT id, json_extract(summary, '$.version') || ' ' || status AS state FROM documents";

export function checkIndexFile({ path }: { readonly path: string }): IndexReport {
  const problems = problemList("index");
  const current = new Map<string, string>();
  let position = { revision: 0, mark: "" };
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { timeout: BUSY_MS, readOnly: true });
    database.exec("BEGIN");
    const state = database.prepare("SELECT revision, mark FROM state").get();
    position = { revision: Number(state?.revision), mark: String(state?.mark) };
    if (arePagesWhole(database, path, problems)) {
      for (const { sql, message } of RULES) {
        const found = Number(database.prepare(sql).get()?.n);
        if (found > 0)
          problems.add({ message: `${found} skills of ${path} ${message}`, repairable: true });
      }
      for (const { id, state: held } of database.prepare(CURRENT).iterate())
        current.set(id as string, held as string);
    }
  } catch (error) {
    if (!isSqliteError(error)) throw error;
    problems.add({ message: `${path}: ${error.message}`, repairable: true });
  } finally {
    database?.close();
  }
  return { ...problems.list(), ...position, current };
}

function arePagesWhole(database: DatabaseSync, path: string, problems: ProblemList): boolean {
  const messages = database.prepare("PRAGMA integrity_check(10)").all();
  const wrong = messages.map((row) => String(row["integrity_check"])).filter((it) => it !== "ok");
  for (const message of wrong) problems.add({ message: `${path}: ${message}`, repairable: true });
  return wrong.length === 0;
}
