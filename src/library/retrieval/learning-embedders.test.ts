import { expect, test } from "vitest";
import { skillDraft } from "../../../test/support/skill-draft.ts";
import { switchedEmbedder } from "../../../test/support/switched-embedder.ts";
import { temporaryLibrary } from "../../../test/support/temporary-library.ts";
import { openLibrary } from "../open-library.ts";
import type { SkillLibrary } from "../skill-library.ts";

const SOON = { timeout: 20_000, interval: 20 };
const COINS = skillDraft("coin_counter", {
  description: "Convert money into coins and notes",
  examples: [],
});

async function learnedOf(library: SkillLibrary, query: string): Promise<number> {
  const { matches } = await library.search(query, { useCache: false });
  return matches.find(({ id }) => id === "coin_counter")?.scoreParts.learned ?? 0;
}

test("what was learned is compared in the vectors of the embedder in use, before and after a change", async () => {
  await using fixture = await temporaryLibrary();
  const { library: before, path } = fixture;
  await before.add(COINS);
  await before.execute("coin_counter", {}, { query: "small change for the till" });
  expect(await learnedOf(before, "small change at the till")).toBeGreaterThan(0.05);
  await before.close();
  const embedder = switchedEmbedder();
  embedder.documents = "hang";
  await using library = await openLibrary({ path, embedder, sandbox: { workers: 1 } });
  expect(await library.search("money")).toMatchObject({ embedder: "static-tl256" });
  expect(await learnedOf(library, "small change at the till")).toBeGreaterThan(0.05);
  embedder.documents = "work";
  const used = async () => (await library.search("money", { useCache: false })).embedder;
  await expect.poll(used, SOON).toBe("switched");
  await expect
    .poll(() => learnedOf(library, "small change at the till"), SOON)
    .toBeGreaterThan(0.05);
  expect((await library.stats()).learning).toStrictEqual({ enabled: true, uses: 1, pending: 0 });
});

test("an embedder that hangs or fails on learned queries keeps no search waiting, and says so", async () => {
  const release = Promise.withResolvers<never>();
  release.promise.catch(() => undefined);
  const switched = switchedEmbedder();
  await using fixture = await temporaryLibrary({
    embedder: {
      ...switched,
      embed: (texts, kind, signal) =>
        texts.includes("small change") ? release.promise : switched.embed(texts, kind, signal),
    },
  });
  const { library } = fixture;
  await library.add(COINS);
  await library.execute("coin_counter", {}, { query: "small change" });
  expect(await library.search("coins")).toMatchObject({ mode: "hybrid", matches: [{}] });
  release.reject(new Error("quota is used up"));
  await expect
    .poll(async () => (await library.stats()).learning, SOON)
    .toStrictEqual({ enabled: true, uses: 1, pending: 0, lastError: "quota is used up" });
  expect(await library.search("coins")).toMatchObject({ mode: "hybrid", matches: [{}] });
});

test("what the library asks itself when a skill is added is not learned from", async () => {
  await using fixture = await temporaryLibrary();
  const { library } = fixture;
  await library.addMany([COINS, { ...COINS, id: "coin_copy" }]);
  await library.execute("coin_copy");
  expect(await library.learned.list()).toStrictEqual([]);
});
