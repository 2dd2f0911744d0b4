import { expect, test } from "vitest";
import { skillDraft } from "../../test/support/skill-draft.ts";
import { temporaryLibrary } from "../../test/support/temporary-library.ts";
import { sqliteSkillStore } from "../store/sqlite/sqlite-skill-store.ts";
import { temporaryDirectory } from "../store/testing-fixtures/temporary-directory.ts";
import { openLibrary } from "./open-library.ts";

test("close waits for a call that is under way", async () => {
  const { path, remove } = temporaryDirectory();
  const store = await sqliteSkillStore({ path: `${path}/library.sqlite` });
  const reached = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<void>();
  const slow: typeof store = {
    ...store,
    async list(filter) {
      reached.resolve();
      await answer.promise;
      return store.list(filter);
    },
  };
  const library = await openLibrary({ path, store: slow, embedder: false });
  const order: string[] = [];
  const listing = library.list().then(() => order.push("listed"));
  await reached.promise;
  const closing = library.close().then(() => order.push("closed"));
  setTimeout(answer.resolve, 50);
  await Promise.all([listing, closing]);
  expect(order).toEqual(["listed", "closed"]);
  await store.close();
  remove();
});

test("a run that close stops is on record", async () => {
  await using fixture = await temporaryLibrary();
  const { library, path } = fixture;
  await library.add(
    skillDraft("sleeper", {
      code: "export default (_, host) => host.sleep(60000);",
      examples: [],
    }),
  );
  const asleep = library.execute("sleeper", {}, { timeoutMs: 60_000 });
  await expect.poll(async () => (await library.stats()).queue.running).toBe(1);
  await library.close();
  const { runId, status } = await asleep;
  expect(status).toBe("cancelled");
  await using again = await openLibrary(path);
  expect((await again.getRun(runId))?.status).toBe("cancelled");
});
