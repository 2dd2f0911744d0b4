import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { draftOf } from "../../../../test/support/draft-of.ts";
import { temporaryLibrary } from "../../../../test/support/temporary-library.ts";
import type { TemporaryLibrary } from "../../../../test/support/temporary-library.ts";
import type { JsonObject } from "../../../base/json.ts";
import type { SkillDraft } from "../../../skill/skill.ts";

let place: TemporaryLibrary;

beforeAll(async () => {
  place = await temporaryLibrary({ embedder: false });
});

afterAll(() => place[Symbol.asyncDispose]());

const withSchema = (id: string, input: JsonObject): SkillDraft =>
  draftOf(id, "return 1;", { input });

function inTypeScript(id: string, code: string): SkillDraft {
  return { ...draftOf(id, ""), code: `export default () => 1;\n${code}`, language: "typescript" };
}

async function outcome(draft: SkillDraft): Promise<string> {
  const result = await place.library
    .add(draft, { expectedVersion: "any", validate: false })
    .catch((error: { code: string }) => error.code);
  return typeof result === "string" ? result : "added";
}

describe("a hostile draft is refused, and the next one of its kind is not", () => {
  const honest = withSchema("honest", { type: "object", properties: { a: { type: "string" } } });

  test("with definitions referred to thousands of times", async () => {
    const properties = Object.fromEntries(
      Array.from({ length: 700 }, (_, at) => [`p${at}`, { type: "string", minLength: 1 }]),
    );
    const references = Array.from({ length: 1500 }, () => ({ $ref: "#/$defs/a" }));
    await outcome(
      withSchema("copies", { $defs: { a: { type: "object", properties } }, allOf: references }),
    );
    expect(await outcome(honest)).toBe("added");
  });

  test("that calls its schema by the name of the meta-schema", async () => {
    const name = "https://json-schema.org/draft/2020-12/schema";
    await outcome(withSchema("impostor", { $id: name, type: "string" }));
    expect(await outcome(withSchema("after-impostor", { type: "object" }))).toBe("added");
  });

  test("with a schema nested beyond any stack", async () => {
    let schema: JsonObject = { type: "string" };
    for (let depth = 0; depth < 120; depth++) schema = { not: { unevaluatedProperties: schema } };
    await outcome(withSchema("deep", schema));
    expect(await outcome(withSchema("after-deep", { type: "object" }))).toBe("added");
  });

  test("that breaks the type stripper", async () => {
    expect(await outcome(inTypeScript("blocks", "{".repeat(100_000) + "}".repeat(100_000)))).toBe(
      "INVALID_DRAFT",
    );
    expect(
      await outcome(inTypeScript("parentheses", `${"(".repeat(100_000)}1${")".repeat(100_000)}`)),
    ).toBe("INVALID_DRAFT");
    expect(await outcome(inTypeScript("after", "const a: number = 1;"))).toBe("added");
  });
});

test("while a draft takes long to check, the library goes on", async () => {
  await place.library.add(draftOf("bystander", "return 1;"), { expectedVersion: "any" });
  const slow = draftOf("slow", `return /${"(?<a>)|".repeat(36_000)}/.source;`);
  let checked = false;
  const adding = outcome(slow).finally(() => {
    checked = true;
  });
  for (let run = 0; run < 20; run++) await place.library.get("bystander");
  expect(checked).toBe(false);
  expect(["added", "INVALID_DRAFT"]).toContain(await adding);
});
