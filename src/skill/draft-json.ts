import { InvalidDraftError } from "../base/errors.ts";
import { findJsonDefect, preview } from "../base/json.ts";

/** @throws {INVALID_DRAFT} naming the first thing in a draft that JSON can not carry */
export function checkDraftIsJson(draft: unknown): void {
  const defect = findJsonDefect(draft);
  if (defect === undefined) return;
  const { path, found } = defect;
  throw new InvalidDraftError(subjectOf(draft), [
    { path, message: "this is not JSON", expected: "JSON", received: found },
  ]);
}

/** What an error message calls the draft: by its id, when it has one. */
export function subjectOf(draft: unknown): string {
  const hasId = typeof draft === "object" && draft !== null && Object.hasOwn(draft, "id");
  return hasId ? `Skill draft ${preview((draft as { id: unknown }).id)}` : "Skill draft";
}
