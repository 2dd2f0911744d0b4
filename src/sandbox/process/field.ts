/** Reads parts of a message from a process that may have been taken over: typed, bounded, or refused. */

/** A message is not what it should be. */
export class MessageError extends Error {}

export type Fields = Readonly<Record<string, unknown>>;

export function fieldsOf(value: unknown, what: string): Fields {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Fields;
  throw new MessageError(`${what} is no object`);
}

export function text(value: unknown, what: string, maxLength: number): string {
  if (typeof value === "string" && value.length <= maxLength) return value;
  throw new MessageError(`${what} is no text of at most ${maxLength} characters`);
}

export function integer(value: unknown, what: string, max: number): number {
  if (Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= max) {
    return value as number;
  }
  throw new MessageError(`${what} is no whole number from 0 to ${max}`);
}

export function amount(value: unknown, what: string): number {
  if (typeof value === "number" && Number.isFinite(value) && value >= 0) return value;
  throw new MessageError(`${what} is no number from 0`);
}

export function flag(value: unknown, what: string): boolean {
  if (typeof value === "boolean") return value;
  throw new MessageError(`${what} is neither true nor false`);
}

export function oneOf<Name extends string>(
  value: unknown,
  what: string,
  allowed: ReadonlySet<Name>,
): Name {
  if (typeof value === "string" && (allowed as ReadonlySet<string>).has(value)) {
    return value as Name;
  }
  throw new MessageError(`${what} is none of ${[...allowed].join(", ")}`);
}

export function listOf<Item>(
  value: unknown,
  what: string,
  maxItems: number,
  read: (item: unknown, what: string) => Item,
): readonly Item[] {
  if (!Array.isArray(value) || value.length > maxItems) {
    throw new MessageError(`${what} is no list of at most ${maxItems}`);
  }
  return value.map((item, index) => read(item, `${what}[${index}]`));
}

/** `{ [name]: read(value) }`, or nothing when the value is absent. */
export function optional<Name extends string, Value>(
  fields: Fields,
  name: Name,
  read: (value: unknown, what: string) => Value,
): { readonly [Key in Name]?: Value } {
  const value = fields[name];
  if (value === undefined) return {};
  return { [name]: read(value, name) } as { readonly [Key in Name]?: Value };
}
