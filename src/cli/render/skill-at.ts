import { oneLine } from "../terminal/text-width.ts";

/** `id@version`; the id alone when no version was resolved, which records say with 0. */
export function skillAt({
  skillId,
  version,
}: {
  readonly skillId: string;
  readonly version: number;
}): string {
  return version === 0 ? oneLine(skillId) : `${oneLine(skillId)}@${version}`;
}
