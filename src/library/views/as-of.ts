/** Places in the history of a library. */
import { RepertoireError } from "../../base/errors.ts";
import type { SkillStore } from "../../store/skill-store.ts";
import { checkInteger } from "../check-options.ts";

/**
 * Returns nothing to wait for where the store does not.
 *
 * @throws {INVALID_INPUT} when it is no revision, or one that is still to come
 */
export function checkRevision(
  store: Pick<SkillStore, "revision">,
  name: string,
  revision: number,
): undefined | Promise<undefined> {
  checkInteger(name, revision, 0, Number.MAX_SAFE_INTEGER);
  const check = (newest: number): undefined => {
    if (revision <= newest) return undefined;
    throw new RepertoireError(
      "INVALID_INPUT",
      `Expected \`${name}\` to be a revision that is there, up to ${newest}, got ${revision}`,
      { details: { option: name, revision, newest } },
    );
  };
  const newest = store.revision();
  return typeof newest === "number" ? check(newest) : newest.then(check);
}

/** A place as stores take it, without what is not said. */
export function placeOf(
  version: number | undefined,
  asOf: number | undefined,
): { readonly version?: number; readonly asOf?: number } {
  return {
    ...(version === undefined ? {} : { version }),
    ...(asOf === undefined ? {} : { asOf }),
  };
}
