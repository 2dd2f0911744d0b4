/** Prepared statements whose parameters mean the same on every supported Node. */
import type { DatabaseSync, SQLInputValue } from "node:sqlite";

/** What may be bound: `undefined` becomes NULL, and a boolean 0 or 1. */
export type Parameter = string | number | boolean | Uint8Array | null | undefined;

/** A statement whose rows, if it has any, are of type `Row`. */
export interface Statement<Row> {
  /** The first row; `undefined` when there is none. */
  get(...parameters: readonly Parameter[]): Row | undefined;
  all(...parameters: readonly Parameter[]): Row[];
  /** Executes, and tells the rows changed and the last rowid inserted. */
  run(...parameters: readonly Parameter[]): { readonly changes: number; readonly rowid: number };
}

/** Looks statements up by their text. */
export type StatementSource = <Row = unknown>(sql: string) => Statement<Row>;

/** Prepares each text once; texts must come from a fixed set. */
export function statementCache(database: DatabaseSync): StatementSource {
  const statements = new Map<string, Statement<unknown>>();
  return <Row>(sql: string) => {
    let statement = statements.get(sql);
    if (!statement) statements.set(sql, (statement = prepare(database, sql)));
    return statement as Statement<Row>;
  };
}

function prepare(database: DatabaseSync, sql: string): Statement<unknown> {
  const prepared = database.prepare(sql);
  return {
    get: (...parameters) => prepared.get(...parameters.map(bound)),
    all: (...parameters) => prepared.all(...parameters.map(bound)),
    run: (...parameters) => {
      const { changes, lastInsertRowid } = prepared.run(...parameters.map(bound));
      return { changes: Number(changes), rowid: Number(lastInsertRowid) };
    },
  };
}

function bound(value: Parameter): SQLInputValue {
  if (value === undefined) return null;
  return typeof value === "boolean" ? Number(value) : value;
}
