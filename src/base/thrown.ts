/** What is said of a thrown value: plain text only, whatever was thrown. */
export interface ThrownText {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
}

const MAX_NAME = 200;
const MAX_MESSAGE = 8000;

/**
 * Name, message and code of something thrown by code that is not ours, never its stack. It may be
 * no error at all, and its getters may throw: nothing here does.
 *
 * @param fallback message when it says nothing readable itself
 */
export function describeThrown(thrown: unknown, fallback: string): ThrownText {
  if (typeof thrown === "string" && thrown !== "")
    return { name: "Error", message: thrown.slice(0, MAX_MESSAGE) };
  const name = textOf(thrown, "name", MAX_NAME);
  const message = textOf(thrown, "message", MAX_MESSAGE);
  const code = textOf(thrown, "code", MAX_NAME);
  return {
    name: name === undefined || name === "" ? "Error" : name,
    message: message ?? fallback,
    ...(code === undefined ? {} : { code }),
  };
}

function textOf(thrown: unknown, field: string, maxLength: number): string | undefined {
  if (typeof thrown !== "object" || thrown === null) return undefined;
  try {
    const value = (thrown as Record<string, unknown>)[field];
    return typeof value === "string" ? value.slice(0, maxLength) : undefined;
  } catch {
    // A getter or proxy that throws has nothing to say.
    return undefined;
  }
}
