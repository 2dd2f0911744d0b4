/** Puts the SQLite store under stress: the argument is the path of its file. */
import { sqliteSkillStore } from "../../store/sqlite/sqlite-skill-store.ts";
import type { OpenSubject } from "../stress/stress-process.ts";
import { storeSubject } from "../stress/stress-subject.ts";

export const openSubject: OpenSubject = async (path, recorder) =>
  storeSubject(await sqliteSkillStore({ path, durability: "normal" }), recorder);
