import type { SkillDraft } from "../../src/skill/skill.ts";

export interface RefusedFunction {
  /** Folder and name, such as `function/debounce`. */
  readonly name: string;
  readonly reason: string;
}

/** Every function of the package, as a draft or with the reason why it is none. */
export interface Corpus {
  readonly drafts: SkillDraft[];
  readonly refused: RefusedFunction[];
}
