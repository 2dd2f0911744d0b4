import type { SkillClaim } from "../../index.ts";
import type { Output } from "../terminal/output.ts";
import { oneLine } from "../terminal/text-width.ts";

/** Who has claimed a skill, until when, and what for. */
export function claimText({ by, until, note }: SkillClaim): string {
  return `${oneLine(by)} until ${until}${note === undefined ? "" : ` (${oneLine(note)})`}`;
}

/** A line for each of these that somebody has claimed. */
export function noteClaims(
  { note }: Pick<Output, "note">,
  items: readonly { readonly id: string; readonly claim?: SkillClaim }[],
): void {
  for (const { id, claim } of items)
    if (claim !== undefined) note(`${id} is claimed by ${claimText(claim)}`);
}
