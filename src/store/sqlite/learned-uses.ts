/**
 * Which queries led whom to which skill. Every change has a number, so that each process reads only
 * what changed since it last looked; removals are kept for a while for the same purpose.
 */
import { MAX_USE_COUNT } from "../run-store.ts";
import type { LearnedChanges, LearnedUse, QueryUse, UseFilter } from "../run-store.ts";
import type { SqliteConnection } from "./connection.ts";
import { parseStored } from "./stored-json.ts";

export interface UseBounds {
  readonly ofSkill: number;
  readonly inAll: number;
}

interface Row {
  readonly id: number;
  readonly query: string;
  readonly skill_id: string;
  readonly caller: string;
  readonly count: number;
  readonly last_at: string;
  readonly change: number;
}

interface State {
  readonly change: number;
  readonly floor: number;
}

/** Uses read before others get a turn. */
const READ_AT_ONCE = 250;
/** Removals remembered; whoever has not looked for longer reads everything. */
const MAX_REMOVALS = 10_000;
/** A use that counts no further is recorded again once it is older than this, which keeps it from fading. */
const RENEWED_AFTER_MS = 24 * 60 * 60 * 1000;

const STATE = "SELECT change, floor FROM learned_state";
const SET_STATE = "UPDATE learned_state SET change = ?, floor = ?";
const PUT = `INSERT INTO learned_uses (query, skill_id, caller, count, last_at, change)
  VALUES (?1, ?2, ?3, 1, ?4, ?5) ON CONFLICT (skill_id, caller, query) DO UPDATE
  SET count = min(count + 1, ${MAX_USE_COUNT}), last_at = max(last_at, ?4), change = ?5
  WHERE count < ${MAX_USE_COUNT} OR last_at < ?6`;
const COUNT_OF_SKILL = "SELECT count(*) AS count FROM learned_uses WHERE skill_id = ?";
const COUNT = "SELECT count(*) AS count FROM learned_uses";
const CALLERS_OF_SKILL = `SELECT caller, count(*) AS count FROM learned_uses WHERE skill_id = ?
  GROUP BY caller`;
const CALLERS = "SELECT caller, count(*) AS count FROM learned_uses GROUP BY caller";
const OLDEST_OF_SKILL = `SELECT id FROM learned_uses WHERE caller = ? AND skill_id = ?
  ORDER BY last_at, id LIMIT ?`;
const OLDEST = "SELECT id FROM learned_uses WHERE caller = ? ORDER BY last_at, id LIMIT ?";
const REMOVE = "DELETE FROM learned_uses WHERE id = ?";
const PUT_REMOVAL = "INSERT INTO learned_removals VALUES (?, ?)";
const PRUNE_REMOVALS = `DELETE FROM learned_removals WHERE id IN (
  SELECT id FROM learned_removals ORDER BY change DESC, id DESC LIMIT -1 OFFSET ${MAX_REMOVALS})
  RETURNING change`;
const USES_BETWEEN = `SELECT id, query, skill_id, caller, count, last_at, change FROM learned_uses
  WHERE (change, id) > (?, ?) AND change <= ? ORDER BY change, id LIMIT ?`;
const REMOVED_SINCE = "SELECT id FROM learned_removals WHERE change > ? ORDER BY id";
const MATCHING = `SELECT id FROM learned_uses WHERE (?1 IS NULL OR skill_id = ?1)
  AND (?2 IS NULL OR caller = ?2) AND (?3 IS NULL OR query = ?3)`;

/** Records uses within a transaction; whether that changed anything. */
export function recordUses(
  connection: SqliteConnection,
  uses: readonly QueryUse[],
  bounds: UseBounds,
): boolean {
  const { statement } = connection;
  const state = readState(connection);
  const change = state.change + 1;
  const skills = new Set<string>();
  for (const { query, skillId, caller, at } of uses) {
    const renewed = new Date(Date.parse(at) - RENEWED_AFTER_MS).toISOString();
    const texts = [stored(query), skillId, stored(caller)] as const;
    if (statement(PUT).run(...texts, at, change, renewed).changes > 0) skills.add(skillId);
  }
  if (skills.size === 0) return false;
  const removed: number[] = [];
  function trim({ count, callers, oldest }: Trimmed, most: number, ...of: readonly string[]): void {
    const { count: held = 0 } = statement<{ count: number }>(count).get(...of) ?? {};
    if (held <= most) return;
    const uses = statement<{ caller: string; count: number }>(callers).all(...of);
    for (const [caller, surplus] of surplusOf(uses, held - most)) {
      for (const { id } of statement<{ id: number }>(oldest).all(caller, ...of, surplus)) {
        statement(REMOVE).run(id);
        removed.push(id);
      }
    }
  }
  for (const skillId of skills) trim(OF_SKILL, bounds.ofSkill, skillId);
  trim(IN_ALL, bounds.inAll);
  noteChange(connection, { change, floor: state.floor }, removed);
  return true;
}

/**
 * What changed since. The uses are read in pieces, up to the number of the last change as it is now:
 * what changes meanwhile gets a higher one, and is read from there the next time.
 */
export async function changedUses(
  connection: SqliteConnection,
  position: number,
): Promise<LearnedChanges> {
  const { statement, read, readSnapshot } = connection;
  const { change, isWhole, removed } = await readSnapshot(() => {
    const { change, floor } = readState(connection);
    // A position beyond the newest is of another file that was in this place.
    const isWhole = position < floor || position > change || position === 0;
    const removed =
      isWhole || position === change ? [] : statement<{ id: number }>(REMOVED_SINCE).all(position);
    return { change, isWhole, removed: removed.map(({ id }) => id) };
  });
  const uses: LearnedUse[] = [];
  for (let after = { change: isWhole ? 0 : position, id: Number.MAX_SAFE_INTEGER }; ;) {
    const rows = await read(() =>
      statement<Row>(USES_BETWEEN).all(after.change, after.id, change, READ_AT_ONCE),
    );
    for (const row of rows) uses.push(learnedUse(connection, row));
    const last = rows.at(-1);
    if (last === undefined || rows.length < READ_AT_ONCE) break;
    after = last;
  }
  return { position: change, isWhole, uses: uses.toSorted((a, b) => a.id - b.id), removed };
}

/** Removes uses within a transaction; how many. */
export function forgetUses(connection: SqliteConnection, filter: UseFilter): number {
  const { statement } = connection;
  const { skillId, caller, query } = filter;
  const state = readState(connection);
  const ids = statement<{ id: number }>(MATCHING)
    .all(
      skillId ?? null,
      caller === undefined ? null : stored(caller),
      query === undefined ? null : stored(query),
    )
    .map(({ id }) => id);
  if (ids.length === 0) return 0;
  for (const id of ids) statement(REMOVE).run(id);
  noteChange(connection, { change: state.change + 1, floor: state.floor }, ids);
  return ids.length;
}

interface Trimmed {
  readonly count: string;
  readonly callers: string;
  readonly oldest: string;
}

const OF_SKILL = { count: COUNT_OF_SKILL, callers: CALLERS_OF_SKILL, oldest: OLDEST_OF_SKILL };
const IN_ALL = { count: COUNT, callers: CALLERS, oldest: OLDEST };

/**
 * How many each caller has to give up when, again and again, whoever has most gives up one. Of those
 * that have as many, the first by name does.
 */
function surplusOf(
  callers: readonly { readonly caller: string; readonly count: number }[],
  excess: number,
): ReadonlyMap<string, number> {
  const left = callers.map(({ caller, count }) => ({ caller, count }));
  const surplus = new Map<string, number>();
  for (let taken = 0; taken < excess; taken++) {
    let most = left[0]!;
    for (const each of left) {
      const isMore = each.count > most.count;
      if (isMore || (each.count === most.count && each.caller < most.caller)) most = each;
    }
    most.count -= 1;
    surplus.set(most.caller, (surplus.get(most.caller) ?? 0) + 1);
  }
  return surplus;
}

function noteChange(
  { statement }: SqliteConnection,
  { change, floor }: State,
  removed: readonly number[],
): void {
  for (const id of removed) statement(PUT_REMOVAL).run(id, change);
  const forgotten = removed.length === 0 ? [] : statement<State>(PRUNE_REMOVALS).all();
  const completeFrom = forgotten.reduce((most, row) => Math.max(most, row.change), floor);
  statement(SET_STATE).run(change, completeFrom);
}

function readState({ statement }: SqliteConnection): State {
  return statement<State>(STATE).get() ?? { change: 0, floor: 0 };
}

function learnedUse({ ifDamaged }: SqliteConnection, row: Row): LearnedUse {
  const { id, skill_id: skillId, count, last_at: lastAt } = row;
  const place = `a learned query of skill "${skillId}"`;
  const query = parseStored(row.query, place, ifDamaged) as string;
  return {
    id,
    query,
    skillId,
    caller: parseStored(row.caller, place, ifDamaged) as string,
    count,
    lastAt,
  };
}

/** JSON, for the reason given in the schema. */
function stored(text: string): string {
  return JSON.stringify(text);
}
