/**
 * A process of its own that uses a library. Its arguments are the library's directory and a task;
 * with the task "serve" it makes the calls its parent sends and answers each with its outcome.
 */
import { RepertoireError, VersionConflictError } from "../../src/base/errors.ts";
import { openLibrary } from "../../src/library/open-library.ts";
import type { SkillLibrary } from "../../src/library/skill-library.ts";
import { noteDraft, skillDraft } from "./skill-draft.ts";

export interface LibraryCall {
  readonly method:
    | "add"
    | "addMany"
    | "saveWorkflow"
    | "rollback"
    | "setStatus"
    | "remove"
    | "get"
    | "search"
    | "execute";
  readonly args: readonly unknown[];
}

export type LibraryAnswer =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly code: string };

const [path = "", task, count = "0"] = process.argv.slice(2);

function tell(message: unknown): void {
  process.send?.(message);
}

async function answer(
  library: SkillLibrary,
  { method, args }: LibraryCall,
): Promise<LibraryAnswer> {
  try {
    const work = library[method] as (...given: readonly unknown[]) => Promise<unknown>;
    return { ok: true, value: await work.apply(library, [...args]) };
  } catch (error) {
    if (error instanceof RepertoireError) return { ok: false, code: error.code };
    throw error;
  }
}

async function serve(library: SkillLibrary): Promise<void> {
  process.on("message", (call: LibraryCall) => void answer(library, call).then(tell));
  tell("ready");
}

/** Opens the library when told to, adds a skill of its own, and closes it. */
async function create(): Promise<void> {
  process.once("message", async () => {
    const library = await openLibrary(path);
    await library.add(noteDraft(`by-${process.pid}`));
    await library.close();
    process.disconnect();
  });
  tell("ready");
}

/** Raises a shared counter by one, `count` times, and checks that it never sees it fall. */
async function increment(library: SkillLibrary): Promise<void> {
  let done = 0;
  let seen = 0;
  while (done < Number(count)) {
    const current = await library.get("counter");
    const value = Number.parseInt(current?.instructions ?? "0", 10);
    if (value < seen) throw new Error(`The counter fell from ${seen} to ${value}`);
    seen = value;
    try {
      const draft = noteDraft("counter", `${value + 1} by ${process.pid}`);
      await library.add(draft, { expectedVersion: current?.version ?? 0 });
      done += 1;
      seen = value + 1;
    } catch (error) {
      if (!(error instanceof VersionConflictError)) throw error;
    }
  }
  await library.close();
}

/** Raises a shared counter by one through `update`, `count` times. */
async function update(library: SkillLibrary): Promise<void> {
  for (let done = 0; done < Number(count); done++) {
    await library.update(
      "counter",
      (draft) => ({
        ...draft,
        instructions: `${Number.parseInt(draft.instructions ?? "", 10) + 1}`,
      }),
      { orAdd: noteDraft("counter", "0"), retries: 10_000, author: `process-${process.pid}` },
    );
  }
  await library.close();
}

/** Runs a skill so often and then simply ends, with the library open. */
async function runAndEnd(library: SkillLibrary): Promise<void> {
  for (let n = 0; n < Number(count); n++) await library.execute("echo", { n });
}

/** Uses the synchronous twins and then simply ends. */
function useTwinsAndEnd(library: SkillLibrary): void {
  library.sync.add(skillDraft("twin"));
  tell(library.sync.execute("twin", { n: 1 }).value);
}

/** Runs a skill for ever, telling of each run. */
async function runForEver(library: SkillLibrary): Promise<never> {
  for (;;) tell((await library.execute("echo")).runId);
}

switch (task) {
  case "serve":
    await serve(await openLibrary(path));
    break;
  case "create":
    await create();
    break;
  case "increment":
    await increment(await openLibrary(path));
    break;
  case "update":
    await update(await openLibrary(path));
    break;
  case "run-and-end":
    await runAndEnd(await openLibrary(path));
    break;
  case "use-twins-and-end":
    useTwinsAndEnd(await openLibrary(path));
    break;
  case "run-for-ever":
    await runForEver(await openLibrary(path));
    break;
  default:
    throw new Error(`Unknown task ${String(task)}`);
}
