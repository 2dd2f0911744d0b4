import { RepertoireError } from "../../base/errors.ts";

/**
 * The value of a JSON text this store has written.
 *
 * @param place Where the text stands, for the message
 * @param remedy What to do when it is damaged
 * @throws {STORE_CORRUPT} when it is JSON no more
 */
export function parseStored(
  json: string,
  place: string,
  remedy = "restore the file from a backup",
): unknown {
  try {
    return JSON.parse(json);
  } catch (cause) {
    throw new RepertoireError("STORE_CORRUPT", `Cannot read ${place}: it is damaged; ${remedy}`, {
      cause,
    });
  }
}
