/**
 * A process that begins everything a library can do, closes it so many milliseconds later, tells how
 * each ended, and then has nothing left to do. Its arguments are the library's directory and that time.
 */
import { setTimeout as wait } from "node:timers/promises";
import { RepertoireError } from "../../src/base/errors.ts";
import { openLibrary } from "../../src/library/open-library.ts";
import { draftOf } from "./draft-of.ts";
import { noteDraft, skillDraft } from "./skill-draft.ts";

const [path = "", afterMs = "0"] = process.argv.slice(2);

const library = await openLibrary({ path, sandbox: { workers: 1 } });
await library.addMany([skillDraft("echo"), draftOf("slow", "await host.sleep(60_000)")]);
await library.execute("echo", { n: 1 });
await library.locks.acquire("held");
const calls: Record<string, () => Promise<unknown>> = {
  add: () => library.add(noteDraft("one")),
  addMany: () => library.addMany([noteDraft("two"), skillDraft("three")]),
  get: () => library.get("echo"),
  list: () => library.list(),
  search: () => library.search("echo"),
  run: () => library.execute("echo", { n: 2 }),
  slow: async () => (await library.execute("slow")).status,
  executeMany: () => library.executeMany([{ id: "echo" }, { id: "echo" }]),
  compose: () => library.compose(["echo", "echo"], {}),
  rollback: () => library.rollback("echo", 1),
  stats: () => library.stats(),
  reindex: () => library.reindex(),
  check: () => library.check(),
  backup: () => library.backup(`${path}-backup`),
  waiting: () => library.locks.acquire("held"),
};

async function outcomeOf(call: () => Promise<unknown>): Promise<string> {
  try {
    const value = await call();
    return value === "cancelled" ? value : "done";
  } catch (error) {
    return error instanceof RepertoireError ? error.code : String(error);
  }
}

const ended = Object.entries(calls).map(
  async ([name, call]) => [name, await outcomeOf(call)] as const,
);
await wait(Number(afterMs));
await library.close();
const late = await outcomeOf(() => library.search("echo"));
const outcomes = { ...Object.fromEntries(await Promise.all(ended)), late };
process.send?.(outcomes, () => process.disconnect());
