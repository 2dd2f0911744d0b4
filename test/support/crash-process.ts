/**
 * A process of its own that uses a library until it is killed, and tells its parent of every write
 * as soon as it was acknowledged. Its arguments are the library's directory, a task, and the id of a
 * skill that it alone writes, or the path of a backup.
 */
import { openLibrary } from "../../src/library/open-library.ts";
import type { SkillLibrary } from "../../src/library/skill-library.ts";
import { restoreLibrary } from "../../src/store/sqlite/maintenance/restore-library.ts";
import { noteDraft, skillDraft } from "./skill-draft.ts";

export type CrashMessage =
  | { readonly kind: "ready" }
  /** A version was stored. */
  | {
      readonly kind: "version";
      readonly id: string;
      readonly version: number;
      readonly text: string;
    }
  /** The status of the current version was set. */
  | { readonly kind: "status"; readonly id: string; readonly status: "active" | "deprecated" }
  | { readonly kind: "removed"; readonly id: string }
  /** A backup has got its name. */
  | { readonly kind: "backup"; readonly path: string; readonly revision: number }
  /** A run, or what was learned from it, came to an end; it is written a moment later. */
  | { readonly kind: "run"; readonly id: string };

const [path = "", task, id = "skill"] = process.argv.slice(2);

function tell(message: CrashMessage): Promise<void> {
  return new Promise((resolve) => {
    // Told before the next write begins, so that what is told is always the newest but one.
    process.send?.(message, () => resolve());
  });
}

async function write(library: SkillLibrary, text: string): Promise<void> {
  const result = await library.add(noteDraft(id, text), { expectedVersion: "any" });
  await tell({ kind: "version", id, version: result.version, text });
}

async function writeForEver(library: SkillLibrary): Promise<never> {
  for (let count = 1; ; count++)
    await write(library, `${process.pid} ${count} ${"x".repeat((count * 997) % 20_000)}`);
}

/** Everything a library does, in random order. */
async function doAnything(library: SkillLibrary): Promise<never> {
  const runnable = `${id}-run`;
  await library.add(skillDraft(runnable), { expectedVersion: "any", validate: false });
  for (let count = 1; ; count++) {
    const choice = Math.floor(Math.random() * 8);
    const current = await library.get(id);
    if (choice <= 2 || current === undefined) {
      await write(library, `${process.pid} ${count} ${"y".repeat((count * 613) % 9000)}`);
    } else if (choice === 3) {
      const to = 1 + Math.floor(Math.random() * current.version);
      const { version } = await library.rollback(id, to, { expectedVersion: "any" });
      const text = (await library.get(id, { version }))?.instructions ?? "";
      await tell({ kind: "version", id, version, text });
    } else if (choice === 4) {
      const status = current.status === "active" ? "deprecated" : "active";
      await library.setStatus(id, status);
      await tell({ kind: "status", id, status });
    } else if (choice === 5) {
      await library.remove(id);
      await tell({ kind: "removed", id });
    } else if (choice === 6) {
      await library.search(`what ${id} says`);
      await library.execute(runnable, { n: count }, { query: `repeat ${count % 50}` });
      await tell({ kind: "run", id: runnable });
    } else if (Math.random() < 0.3) {
      await library.reindex();
    } else {
      await library.search(id);
    }
  }
}

/** One backup after the other, beside the library. */
async function backUpForEver(library: SkillLibrary): Promise<never> {
  for (let count = 1; ; count++) {
    const to = `${path}-${process.pid}-${count}${count % 2 === 0 ? ".tar" : ""}`;
    const { revision } = await library.backup(to);
    await tell({ kind: "backup", path: to, revision });
  }
}

/** One restoration of the same backup after the other, over the library itself. */
async function restoreForEver(): Promise<never> {
  for (;;) {
    await restoreLibrary(id, { path, force: true });
    await tell({ kind: "ready" });
  }
}

if (task === "restore") await restoreForEver();
const library = await openLibrary({ path, sandbox: { workers: 1 } });
await tell({ kind: "ready" });
// Until it is killed.
setInterval(() => undefined, 60_000);
if (task === "write") await writeForEver(library);
if (task === "anything") await doAnything(library);
if (task === "backup") await backUpForEver(library);
