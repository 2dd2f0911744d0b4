import { afterAll, beforeAll, expect, test } from "vitest";
import { openLibrary } from "../../index.ts";
import type { SkillLibrary } from "../../index.ts";
import { temporaryDirectory } from "../../store/testing-fixtures/temporary-directory.ts";
import { similarSkills } from "./similar-skills.ts";

let library: SkillLibrary;
const directory = temporaryDirectory();

beforeAll(async () => {
  library = await openLibrary(directory.path);
  const skill = (id: string, name: string, description: string): object => ({
    id,
    name,
    description,
    code: "export default () => 1",
  });
  await library.addMany([
    skill("parse_csv", "Parse CSV", "Reads rows from comma separated values."),
    skill("slugify", "Slugify", "Makes a slug for a URL from a title."),
    skill("gone", "Gone", "Was here."),
  ]);
  await library.remove("gone");
});
afterAll(async () => {
  await library.close();
  directory.remove();
});

test("suggests what is spelled alike or has a word of it", async () => {
  expect(await similarSkills(library, "slugfy")).toEqual(["slugify"]);
  expect(await similarSkills(library, "read_csv_rows_parse")).toEqual(["parse_csv"]);
});

test("suggests nothing that is far, removed, or the id itself", async () => {
  expect(await similarSkills(library, "zzzqqq")).toEqual([]);
  expect(await similarSkills(library, "gone")).toEqual([]);
  expect(await similarSkills(library, "slugify")).toEqual([]);
});
