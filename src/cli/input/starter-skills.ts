/** The skills shipped with the package: `starter/<category>/<id>.json`, its code beside it. */
import { readdir, readFile } from "node:fs/promises";
import type { SkillDraft } from "../../skill/skill.ts";

const ROOT = new URL("../../../starter/", import.meta.url);

export interface StarterSkill {
  /** Path within the package, for messages. */
  readonly file: string;
  readonly draft: SkillDraft;
}

/** Every starter skill, in order of category and id. */
export async function loadStarterSkills(): Promise<readonly StarterSkill[]> {
  const names = await readdir(ROOT, { recursive: true });
  const files = names
    .map((name) => name.replaceAll("\\", "/"))
    .filter((name) => /^[^/]+\/[^/]+\.json$/.test(name));
  return Promise.all(files.sort().map(load));
}

async function load(file: string): Promise<StarterSkill> {
  const draft = JSON.parse(await readFile(new URL(file, ROOT), "utf8")) as SkillDraft;
  const extension = draft.language === "typescript" ? ".ts" : ".js";
  const code = await readFile(new URL(file.replace(/\.json$/, extension), ROOT), "utf8");
  return { file: `starter/${file}`, draft: { ...draft, code } };
}
