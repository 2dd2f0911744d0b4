/** What batches of drafts and of runs have in common: checks of their items. */
import { RepertoireError } from "../base/errors.ts";
import { preview } from "../base/json.ts";

export function checkItems(name: string, items: unknown, max: number): void {
  if (!Array.isArray(items))
    throw new RepertoireError(
      "INVALID_INPUT",
      `Expected \`${name}\` to be a list, got ${preview(items)}`,
    );
  if (items.length > max) {
    throw new RepertoireError(
      "LIMIT_EXCEEDED",
      `\`${name}\` has ${items.length} entries; at most ${max} are allowed in one batch`,
      {
        details: { limit: "batchItems", max, actual: items.length },
      },
    );
  }
}

export function idOf(value: unknown): string | undefined {
  const id: unknown =
    typeof value === "object" && value !== null ? (value as { id?: unknown }).id : undefined;
  return typeof id === "string" ? id : undefined;
}

export function asRepertoireError(error: unknown): RepertoireError {
  if (error instanceof RepertoireError) return error;
  return new RepertoireError(
    "INTERNAL",
    `Something unexpected failed: ${error instanceof Error ? error.message : String(error)}`,
    { cause: error },
  );
}
