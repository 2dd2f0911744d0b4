import { expect, test } from "vitest";
import { noteDraft, skillDraft } from "../../../test/support/skill-draft.ts";
import { rejection } from "../../../test/support/thrown.ts";
import { temporaryLibrary } from "../../../test/support/temporary-library.ts";
import type { Embedder } from "../../search/embedder.ts";
import { httpEmbedder } from "../../search/embedders/http-embedder.ts";
import {
  embeddingsServer,
  sendStatus,
} from "../../search/embedders/testing-fixtures/embeddings-server.ts";
import type { SearchOptions } from "./searcher.ts";
import type { SkillLibrary } from "../skill-library.ts";

async function found(
  library: SkillLibrary,
  query: string,
  options?: SearchOptions,
): Promise<string[]> {
  return (await library.search(query, options)).matches.map(({ id }) => id);
}

const EMAILS = skillDraft("extract_emails", {
  name: "Extract e-mail addresses",
  description: "Find every e-mail address in a text",
  category: "extraction",
  tags: ["text", "email"],
  examples: [],
});
const SORT = skillDraft("sort_numbers", {
  name: "Sort numbers",
  description: "Put a list of numbers in ascending order",
  category: "math",
  tags: ["list"],
  examples: [],
});

test("a search says how it found what it found, and never shows code", async () => {
  await using fixture = await temporaryLibrary();
  const { library } = fixture;
  await library.addMany([EMAILS, SORT]);
  const { matches, ...rest } = await library.search("find email addresses in text");
  expect(rest).toStrictEqual({
    mode: "hybrid",
    embedder: "static-tl256",
    revision: 2,
    confident: true,
  });
  expect(matches[0]).toStrictEqual({
    id: "extract_emails",
    version: 1,
    name: "Extract e-mail addresses",
    description: "Find every e-mail address in a text",
    category: "extraction",
    tags: ["text", "email"],
    status: "active",
    executable: true,
    updatedAt: (await library.getVersion("extract_emails")).createdAt,
    score: expect.any(Number),
    scoreParts: {
      keyword: expect.any(Number),
      vector: expect.any(Number),
      learned: 0,
      outcome: 0,
    },
    successRate: null,
    uses: 0,
  });
});

test("a query about nothing in the library is not answered with confidence", async () => {
  await using fixture = await temporaryLibrary();
  const { library } = fixture;
  await library.addMany([EMAILS, SORT]);
  expect((await library.search("zebra migration in the savannah")).confident).toBe(false);
  await using empty = await temporaryLibrary();
  expect(await empty.library.search("anything")).toMatchObject({
    matches: [],
    revision: 0,
    confident: false,
  });
});

test("without an embedder a search is by keyword, and says why", async () => {
  await using fixture = await temporaryLibrary({ embedder: false });
  const { library } = fixture;
  await library.addMany([EMAILS, SORT]);
  expect(await library.search("numbers")).toMatchObject({
    matches: [{ id: "sort_numbers", scoreParts: { vector: 0 } }],
    mode: "keyword",
    modeReason: "this library has no embedder",
    embedder: null,
  });
});

/** An embedder that gives every text the same vector, except where it is made to fail. */
function embedder(fails: Partial<Embedder>["embed"]): Embedder {
  return {
    id: "own",
    dimensions: 2,
    embed: (texts, kind, signal) =>
      fails?.(texts, kind, signal) ?? Promise.resolve(texts.map(() => Float32Array.from([1, 0]))),
  };
}

test("an embedder that fails on the skills costs the vectors, and no skill", async () => {
  const own = embedder((_, kind) =>
    kind === "document" ? Promise.reject(new Error("quota is used up")) : (undefined as never),
  );
  await using fixture = await temporaryLibrary({ embedder: own });
  const { library } = fixture;
  await library.addMany([EMAILS, SORT]);
  expect(await library.search("numbers")).toMatchObject({
    matches: [{ id: "sort_numbers" }],
    mode: "keyword",
    modeReason: "the embedder own failed on the skills: quota is used up",
    embedder: null,
  });
  expect((await library.stats()).search).toMatchObject({
    revision: 2,
    skills: 2,
    vectors: 0,
    pending: 2,
    embedder: "own",
    embedderError: "quota is used up",
  });
});

test("an embedder that fails on the query costs its vector alone", async () => {
  const own = embedder((_, kind) => {
    if (kind === "query") throw new Error("no network");
    return undefined as never;
  });
  await using fixture = await temporaryLibrary({ embedder: own });
  const { library } = fixture;
  await library.addMany([EMAILS, SORT]);
  expect(await library.search("numbers")).toMatchObject({
    matches: [{ id: "sort_numbers" }],
    mode: "keyword",
    modeReason: "the embedder own failed: no network",
  });
});

test("an endpoint that fails again and again is told with what it said, not as one that is silent", async () => {
  await using server = await embeddingsServer(2);
  server.misbehave = (_, response) => sendStatus(response, 503, "out of memory");
  const own = await httpEmbedder({ url: server.url, model: "m", dimensions: 2 });
  await using fixture = await temporaryLibrary({ embedder: own });
  await fixture.library.add(SORT);
  const reason = expect.stringMatching(/no answer within \d+ ms; .* HTTP 503: out of memory/);
  expect(await fixture.library.search("numbers")).toMatchObject({
    matches: [{ id: "sort_numbers" }],
    mode: "keyword",
    modeReason: reason,
  });
  expect((await fixture.library.stats()).search).toMatchObject({ embedderError: reason });
});

test("an embedder that answers nonsense is one that fails", async () => {
  for (const nonsense of [[], [Float32Array.of(1)], [Float32Array.of(Number.NaN, 0)], "vectors"]) {
    for (const broken of ["document", "query"]) {
      const own = embedder((_, kind) =>
        kind === broken ? Promise.resolve(nonsense as never) : (undefined as never),
      );
      await using fixture = await temporaryLibrary({ embedder: own });
      const { library } = fixture;
      await library.add(SORT);
      expect(await library.search("numbers")).toMatchObject({
        matches: [{ id: "sort_numbers" }],
        mode: "keyword",
        modeReason: expect.stringContaining("Expected 1 vectors of 2 finite components"),
      });
    }
  }
});

test("vectors of any length, in any kind of list, are compared by their direction alone", async () => {
  const directions = (texts: readonly string[]): number[][] =>
    texts.map((text) => (text.includes("number") ? [30, 0] : [0, 40]));
  for (const give of [
    (texts: readonly string[]) => directions(texts),
    (texts: readonly string[]) => directions(texts).map((each) => Float32Array.from(each)),
    (texts: readonly string[]) => directions(texts).map((each) => Float64Array.from(each)),
  ]) {
    const own = embedder((texts) => Promise.resolve(give(texts) as never));
    await using fixture = await temporaryLibrary({ embedder: own });
    await fixture.library.addMany([SORT, noteDraft("poems")]);
    expect(await fixture.library.search("rhymes")).toMatchObject({
      matches: [{ id: "poems", scoreParts: { keyword: 0, vector: 1 } }],
      mode: "hybrid",
      embedder: own.id,
    });
  }
});

test("filters narrow by category, by all tags, by status, and to a limit", async () => {
  await using fixture = await temporaryLibrary();
  const { library } = fixture;
  await library.addMany([EMAILS, SORT, noteDraft("list_note")]);
  const query = "list of numbers or text";
  expect(await found(library, query, { category: "math" })).toStrictEqual(["sort_numbers"]);
  expect(await found(library, query, { tags: ["text", "email"] })).toStrictEqual([
    "extract_emails",
  ]);
  expect(await found(library, query, { tags: ["text", "list"] })).toStrictEqual([]);
  expect(await found(library, query, { limit: 1 })).toStrictEqual(["sort_numbers"]);
  await library.setStatus("sort_numbers", "deprecated");
  expect(await found(library, query, { category: "math" })).toStrictEqual([]);
  expect(await found(library, query, { category: "math", status: "deprecated" })).toStrictEqual([
    "sort_numbers",
  ]);
});

test("a minimum success rate leaves out what is unknown, and moves with every run", async () => {
  await using fixture = await temporaryLibrary();
  const { library } = fixture;
  const flaky = skillDraft("flaky", {
    code: "export default ({ fails }) => { if (fails) throw new Error('x'); };",
    examples: [],
  });
  await library.addMany([flaky, skillDraft("unused")]);
  const reliable = { minSuccessRate: 0.5 };
  expect(await found(library, "flaky unused", reliable)).toStrictEqual([]);
  await library.execute("flaky", {});
  expect(await found(library, "flaky unused", reliable)).toStrictEqual(["flaky"]);
  await library.execute("flaky", { fails: true });
  expect(await found(library, "flaky unused", reliable)).toStrictEqual(["flaky"]);
  await library.execute("flaky", { fails: true });
  expect(await found(library, "flaky unused", reliable)).toStrictEqual([]);
  expect(await found(library, "flaky unused", { minSuccessRate: 0 })).toStrictEqual(["flaky"]);
});

test("queries that say nothing, say too much, or try to break out are dealt with", async () => {
  await using fixture = await temporaryLibrary();
  const { library } = fixture;
  await library.addMany([EMAILS, SORT]);
  for (const query of ["", "  \n", 7, null, undefined])
    expect(await rejection(library.search(query as string))).toMatchObject({
      code: "INVALID_INPUT",
    });
  expect(await rejection(library.search("x".repeat(2001)))).toMatchObject({
    code: "LIMIT_EXCEEDED",
    details: { limit: "queryLength", max: 2000, actual: 2001 },
  });
  for (const query of [
    '"',
    'numbers" OR 1=1 --',
    "NEAR(numbers, 1)",
    "name:numbers AND NOT *",
    "'); DROP TABLE documents; --",
    "\u0000\uD800\u202E",
    "^~*(){}[]",
    "the of and",
    "\u{1F600}".repeat(900),
    "a ".repeat(999),
  ])
    expect((await library.search(query)).revision).toBe(2);
  expect(await found(library, 'numbers" OR 1=1 --')).toContain("sort_numbers");
});

test("options that a search does not know, or of the wrong type, are refused", async () => {
  await using fixture = await temporaryLibrary();
  const { library } = fixture;
  for (const options of [
    { tag: "x" },
    { tags: "x" },
    { tags: ["text", ""] },
    { category: 1 },
    { status: "open" },
    { minSuccessRate: 2 },
    { minSuccessRate: "1" },
    { limit: 0 },
    { limit: 1001 },
    { useCache: 1 },
    { caller: "" },
    null,
    "all",
  ])
    expect(await rejection(library.search("x", options as SearchOptions))).toMatchObject({
      code: "INVALID_INPUT",
    });
  const reason = new Error("enough");
  const signal = AbortSignal.abort(reason);
  expect(await rejection(library.search("x", { signal }))).toMatchObject({
    code: "CANCELLED",
    cause: reason,
  });
});

test("one caller's signal does not end the search another one waits for", async () => {
  const release = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  const own = embedder((texts, kind) =>
    kind === "document"
      ? (undefined as never)
      : (asked.resolve(), release.promise.then(() => texts.map(() => Float32Array.of(1, 0)))),
  );
  await using fixture = await temporaryLibrary({ embedder: own });
  const { library } = fixture;
  await library.add(SORT);
  const controller = new AbortController();
  const first = rejection(library.search("numbers", { signal: controller.signal }));
  await asked.promise;
  const second = found(library, "numbers");
  controller.abort();
  // At once, although what it waited for goes on.
  expect(await first).toMatchObject({ code: "CANCELLED" });
  release.resolve();
  expect(await second).toStrictEqual(["sort_numbers"]);
});

test("a ranking is used again until anything changes, and its metrics are fresh all the same", async () => {
  let queries = 0;
  const own = embedder(([text], kind) => {
    if (kind === "query" && text === "echo") queries += 1;
    return undefined as never;
  });
  await using fixture = await temporaryLibrary({ embedder: own, learning: false });
  const { library } = fixture;
  await library.add(skillDraft("echo"));
  const before = await library.search("echo");
  await library.execute("echo");
  const after = await library.search("echo");
  expect(queries).toBe(1);
  expect(after.matches).toStrictEqual([{ ...before.matches[0], uses: 1, successRate: 1 }]);
  await library.search("echo", { limit: 5 });
  expect(queries).toBe(2);
  await library.search("echo", { useCache: false });
  expect(queries).toBe(3);
  for (const change of [
    () => library.add(noteDraft("echo_note")),
    () => library.setStatus("echo_note", "deprecated"),
    () => library.remove("echo_note"),
  ]) {
    await change();
    const ids = await found(library, "echo");
    expect(ids).toStrictEqual(await found(library, "echo", { useCache: false }));
  }
  expect(queries).toBe(9);
});
