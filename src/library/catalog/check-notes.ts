import type { Limits } from "../../base/limits.ts";
import { checkText } from "../check-options.ts";

/** As in a draft. */
const AUTHOR_LENGTH = 256;

/** Who writes a version, and what they say of it. */
export function checkNotes(
  { author, message }: { readonly author?: string; readonly message?: string },
  { descriptionLength }: Limits,
): void {
  checkText("author", author, AUTHOR_LENGTH);
  checkText("message", message, descriptionLength);
}
