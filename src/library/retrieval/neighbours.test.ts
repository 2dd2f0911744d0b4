import { expect, test } from "vitest";
import { rejection } from "../../../test/support/thrown.ts";
import { temporaryLibrary } from "../../../test/support/temporary-library.ts";
import { systemClock } from "../../base/clock.ts";
import type { Embedder } from "../../search/embedder.ts";
import type { SkillDraft } from "../../skill/skill.ts";
import { Neighbours } from "./neighbours.ts";

/** A busy machine must not decide what is found. */
const PATIENT = { similarMs: 60_000 };

const CODE = `export default function ({ text }) {
  const words = text.split(/\\s+/u).filter((word) => word !== "");
  return { count: words.length, longest: words.toSorted((a, b) => b.length - a.length)[0] ?? null };
}`;
const SAME_CODE = CODE.replaceAll("words", "list")
  .replaceAll("word", "one")
  .replaceAll("\n", "\n\n");

const COUNT: SkillDraft = {
  id: "count_words",
  name: "Count words",
  description: "Count the number of words in a text, and tell the longest",
  code: CODE,
};
const MAIL: SkillDraft = {
  id: "send_mail",
  name: "Send mail",
  description: "Deliver a message to a mailbox over SMTP",
  code: "export default () => null",
};

test("an exact duplicate is told as such, with its id, and still added", async () => {
  await using fixture = await temporaryLibrary({ limits: PATIENT });
  const { library } = fixture;
  await library.addMany([COUNT, MAIL]);
  const copy = await library.add({ ...COUNT, id: "a_copy" });
  expect(copy).toMatchObject({ created: true, version: 1 });
  expect(copy.similar).toEqual([
    { id: "count_words", kind: "same-content", similarity: 1, field: "name" },
  ]);
  expect(copy.warnings.slice(1)).toEqual(['its content is that of "count_words"']);
});

test("a skill that would be found in place of another for what that one says is told as such", async () => {
  await using fixture = await temporaryLibrary({ limits: PATIENT });
  const { library } = fixture;
  await library.addMany([{ ...COUNT, tags: ["statistics", "prose", "novel", "essay"] }, MAIL]);
  const rival = await library.add({ ...COUNT, id: "words", code: "export default () => 1" });
  expect(rival.similar).toMatchObject([{ id: "count_words", kind: "near", outranked: true }]);
  expect(rival.warnings.at(-1)).toBe(
    'it would be found before "count_words" for that skill\'s own name and description',
  );
});

test("the learned queries that a skill takes from another are told", async () => {
  await using fixture = await temporaryLibrary({ limits: PATIENT });
  const { library } = fixture;
  await library.addMany([
    { ...COUNT, tags: ["statistics", "prose", "novel", "essay"] },
    { ...MAIL, code: "export default () => 1" },
  ]);
  const query = "how many words has a manuscript";
  await library.execute("count_words", { text: "one two" }, { query, caller: "writer" });
  await library.search(query);
  const rival = await library.add({
    ...COUNT,
    id: "manuscript_words",
    code: "export default () => 1",
    name: "How many words has a manuscript",
    tags: ["manuscript"],
  });
  expect(rival.similar).toMatchObject([{ id: "count_words", kind: "near", queries: [query] }]);
  expect(rival.warnings.at(-1)).toBe(
    `it is now found first for "${query}" (which led to "count_words")`,
  );
});

test("the same code under other names is told, whatever the description says", async () => {
  await using fixture = await temporaryLibrary({ embedder: false, limits: PATIENT });
  const { library } = fixture;
  await library.add(COUNT);
  await library.setStatus("count_words", "quarantined");
  const { similar, warnings } = await library.add({ ...MAIL, id: "other", code: SAME_CODE });
  expect(similar).toEqual([{ id: "count_words", kind: "same-code", similarity: 1 }]);
  expect(warnings.slice(1)).toEqual([
    'its code does the same as that of "count_words" (quarantined)',
  ]);
});

test("a near description is told with how near it is, and an unlike one is not", async () => {
  await using fixture = await temporaryLibrary({ limits: PATIENT });
  const { library } = fixture;
  await library.addMany([COUNT, MAIL]);
  const near = await library.add({
    ...COUNT,
    id: "word_count",
    name: "Word count",
    description: "Count the number of words in a given text and tell the longest one",
    code: "export default () => 1",
  });
  expect(near.similar).toMatchObject([{ id: "count_words", kind: "near" }]);
  expect(near.similar?.[0]?.similarity).toBeGreaterThan(0.85);
  expect(near.warnings[1]).toMatch(
    /^its description is much like that of "count_words" \(0\.\d\d\); say when to use this one instead$/,
  );
  const unlike = await library.add({
    ...COUNT,
    id: "resize_image",
    name: "Resize an image",
    description: "Scale a picture to a width and height",
    code: "export default () => 2",
  });
  expect(unlike.similar).toBeUndefined();
  expect(unlike.warnings).toHaveLength(1);
});

test("a new version is not compared with the skill itself", async () => {
  await using fixture = await temporaryLibrary({ limits: PATIENT });
  const { library } = fixture;
  await library.add(COUNT);
  const changed = await library.add(
    { ...COUNT, description: `${COUNT.description} word` },
    { expectedVersion: 1 },
  );
  expect(changed.similar).toBeUndefined();
});

test("drafts of one batch are compared with each other", async () => {
  await using fixture = await temporaryLibrary({ limits: PATIENT });
  const { library } = fixture;
  const outcomes = await library.addMany([COUNT, { ...COUNT, id: "copy" }, MAIL]);
  const similar = outcomes.map((outcome) =>
    outcome.ok ? outcome.similar?.map(({ id }) => id) : [],
  );
  expect(similar).toEqual([["copy"], ["count_words"], undefined]);
});

test("a policy refuses duplicates, also within a batch, but not of what is deprecated", async () => {
  await using fixture = await temporaryLibrary({
    policy: { duplicates: "refuse" },
    limits: PATIENT,
  });
  const { library } = fixture;
  await library.add(COUNT);
  const refusal = await rejection(library.add({ ...MAIL, id: "other", code: SAME_CODE }));
  expect(refusal).toMatchObject({
    code: "VALIDATION_FAILED",
    details: {
      skillId: "other",
      duplicates: ["count_words"],
      checks: [{ name: "duplicates", passed: false, issue: { path: "code" } }],
    },
  });
  expect(await library.get("other")).toBeUndefined();
  const outcomes = await library.addMany([MAIL, { ...MAIL, id: "mail_again" }]);
  expect(outcomes.map(({ ok }) => ok)).toEqual([true, false]);
  expect(outcomes[1]).toMatchObject({ error: { details: { duplicates: ["send_mail"] } } });
  await library.setStatus("count_words", "deprecated");
  expect(await library.add({ ...COUNT, id: "new_name" })).toMatchObject({ created: true });
});

test("a policy that is misspelt is refused", async () => {
  const policy = { duplicates: "never" } as unknown as { duplicates: "warn" };
  expect(await rejection(temporaryLibrary({ policy }))).toMatchObject({ code: "INVALID_INPUT" });
});

test("an index that is slow or broken neither delays nor fails an add, and the result says so", async () => {
  await using fixture = await temporaryLibrary({ embedder: false, limits: PATIENT });
  const { library } = fixture;
  const result = await library.add(COUNT);
  const parts = {
    store: { findAlike: () => Promise.resolve([]) } as never,
    search: () => Promise.reject(new Error("no search")),
    queriesOf: () => [],
    clock: systemClock,
    limits: { queryLength: 100, similarMs: 20 },
  };
  const version = {
    id: "count_words",
    contentHash: "",
    status: "active",
    definition: COUNT,
  } as never;
  const hangs = new Neighbours({
    ...parts,
    spaces: { use: () => new Promise(() => undefined) },
  });
  const [late] = await hangs.annotate([{ version, result }]);
  expect(late?.warnings.at(-1)).toBe(
    "it was not compared with the descriptions there are: the search index is behind",
  );
  const breaks = new Neighbours({
    ...parts,
    limits: { queryLength: 100, similarMs: 60_000 },
    spaces: { use: () => Promise.reject(new Error("the disk is full")) },
  });
  const [failed] = await breaks.annotate([{ version, result }]);
  expect(failed?.warnings.at(-1)).toBe(
    "it was not compared with the descriptions there are: the disk is full",
  );
});

test("an embedder that hangs does not hold up an add", async () => {
  const release = Promise.withResolvers<readonly Float32Array[]>();
  const slow: Embedder = { id: "slow", dimensions: 2, embed: () => release.promise };
  await using fixture = await temporaryLibrary({ embedder: slow, limits: { similarMs: 20 } });
  const added = await fixture.library.add(COUNT);
  expect(added.created).toBe(true);
  expect(added.warnings.at(-1)).toContain("it was not compared");
  release.resolve([Float32Array.of(1, 0)]);
});
