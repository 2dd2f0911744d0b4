/** A subject of whose processes the first fails after a few operations. */
import { sqliteSkillStore } from "../../store/sqlite/sqlite-skill-store.ts";
import type { OpenSubject } from "../stress/stress-process.ts";
import { storeSubject } from "../stress/stress-subject.ts";

export const openSubject: OpenSubject = async (path, recorder) => {
  const subject = storeSubject(await sqliteSkillStore({ path, durability: "normal" }), recorder);
  let left = recorder.client === "p1.0" ? 5 : Number.POSITIVE_INFINITY;
  return {
    ...subject,
    async perform(operation) {
      if (left-- <= 0) throw new Error("the subject gave up");
      await subject.perform(operation);
    },
  };
};
