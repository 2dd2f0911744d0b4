/**
 * The process that is measured: it opens a library of so many skills, and does one thing after the
 * other. The first of a kind is told apart where it has something to load.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openLibrary } from "../../src/index.ts";
import type { SkillLibrary } from "../../src/index.ts";
import { heldUp } from "./loop-watch.ts";
import type { HeldUp } from "./loop-watch.ts";
import { draftOf, QUERIES } from "./make-library.ts";

/** What was done, and how long it held up the event loop. */
export interface Measured extends HeldUp {
  readonly name: string;
}

const OTHER = fileURLToPath(new URL("./other-process.ts", import.meta.url));
const BATCH = 500;
const RUNS = 2000;
const BIG_BYTES = 900_000;

const [path = "", skillCount = "0"] = process.argv.slice(2);
const skills = Number(skillCount);
const ids = Array.from({ length: Math.min(1000, skills) }, (_, at) => draftOf(at).id);
const fresh = Array.from({ length: BATCH }, (_, at) => draftOf(skills + 100_000 + at));
const single = Array.from({ length: 50 }, (_, at) => draftOf(skills + 200_000 + at));
const big = { ...draftOf(skills + 300_000), instructions: "word ".repeat(BIG_BYTES / 5) };
const context = { text: "x".repeat(BIG_BYTES) };
const measured: Measured[] = [];

async function measure(name: string, work: () => Promise<unknown>): Promise<void> {
  measured.push({ name, ...(await heldUp(work)) });
}

async function each<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  for (const item of items) await work(item);
}

/** Does the work while another process is in the way. */
async function beside(kind: string, work: () => Promise<unknown>): Promise<void> {
  const other = fork(OTHER, [kind, path], { execArgv: [] });
  await once(other, "message");
  const exit = once(other, "exit");
  await work();
  if (other.connected) other.send("enough");
  await exit;
}

async function contendForLocks(library: SkillLibrary): Promise<void> {
  await Promise.all(
    Array.from({ length: 300 }, async (_, at) => {
      await using _lease = await library.locks.acquire(`contended-${at % 10}`, { mode: "write" });
    }),
  );
}

async function readAlone(library: SkillLibrary): Promise<void> {
  await measure("get, 1,000 skills", () => each(ids, (id) => library.get(id)));
  await measure("list, pages of 1,000", async () => {
    for (let after: string | undefined; ;) {
      const page = await library.list({ limit: 1000, ...(after === undefined ? {} : { after }) });
      after = page.at(-1)?.id;
      if (page.length < 1000) return;
    }
  });
  await measure("list, most used first", () => library.list({ orderBy: "uses" }));
  await measure("facets", () => library.facets());
  await measure("stats", () => library.stats());
  await measure("search, the first (20,000 learned queries)", () => library.search("first of all"));
  await measure(
    "what the first has left to embed",
    () => new Promise((end) => setTimeout(end, 2000)),
  );
  await measure("search, 200 queries", () =>
    each(QUERIES.slice(0, 200), (query) => library.search(query)),
  );
}

async function write(library: SkillLibrary): Promise<void> {
  await measure("add, the first", () => library.add(single[0]));
  await measure("add, 49 more", () => each(single.slice(1), (draft) => library.add(draft)));
  await measure("add with 900 kB of instructions", () => library.add(big));
  await measure("get of it, from the store", () => library.get(big.id, { useCache: false }));
  await measure("addMany, 500 drafts", () => library.addMany(fresh));
  await measure("search after it", () => library.search("after many were added"));
  await measure("claim and release, 50 skills", () =>
    each(ids.slice(0, 50), async (id) => {
      await using _ = await library.claim(id);
    }),
  );
}

async function run(library: SkillLibrary): Promise<void> {
  const items = Array.from({ length: RUNS }, (_, at) => ({ id: ids[at % ids.length]! }));
  await measure("execute, the first", () => library.execute(ids[0]!));
  await measure("executeMany, 2,000 runs, and their recording", async () => {
    await library.executeMany(items);
    await library.stats();
  });
  await measure("execute with 900 kB in", () => library.execute(ids[0]!, context));
  await measure("search and execute, 100 times (learning)", () =>
    each(QUERIES.slice(300, 400), async (query) => {
      const { matches } = await library.search(query);
      const id = matches[0]?.id;
      if (id !== undefined) await library.execute(id);
    }),
  );
}

async function besideOthers(library: SkillLibrary): Promise<void> {
  await beside("write", () =>
    measure("search, 100 queries while another process adds", () =>
      each(QUERIES.slice(500, 600), (query) => library.search(query)),
    ),
  );
  await beside("lock", () =>
    measure("300 contended locks, another process contending", () => contendForLocks(library)),
  );
  await beside("hold", () =>
    measure("add, another process holding the write lock for 1 s", () =>
      library.add(draftOf(skills + 400_000)),
    ),
  );
}

await measure("nothing, for a second", () => new Promise((end) => setTimeout(end, 1000)));
let library: SkillLibrary | undefined;
await measure("open", async () => {
  library = await openLibrary({ path });
});
const opened = library!;
await readAlone(opened);
await write(opened);
await run(opened);
await besideOthers(opened);
await measure("reindex", () => opened.reindex());
await measure("check", () => opened.check());
await measure("backup", () => opened.backup(join(path, "..", `backup-${process.pid}`)));
await measure("close", () => opened.close());
await measure("open, once more", async () => {
  library = await openLibrary({ path });
});
await library!.close();
if (process.send === undefined) console.log(JSON.stringify(measured));
else process.send(measured);
