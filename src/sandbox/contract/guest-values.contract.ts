/** Random guest values as source text, each with what must become of it. */
import fc from "fast-check";

export interface GuestValue {
  readonly source: string;
  readonly expected:
    | { readonly kind: "json"; readonly json: string }
    | { readonly kind: "refused" };
}

/** The text of a member of a list, and whether an object leaves the member out. */
interface Made extends GuestValue {
  readonly absent?: true;
}

const refused = { kind: "refused" } as const;
const as = (source: string, json: string): Made => ({ source, expected: { kind: "json", json } });
const no = (source: string): Made => ({ source, expected: refused });

const leaf = fc.oneof(
  fc.constantFrom<Made>(
    as("null", "null"),
    as("true", "true"),
    as("-0", "0"),
    as("1e308", "1e+308"),
    as("2 ** 53", "9007199254740992"),
    { ...as("undefined", "null"), absent: true },
    as("new Date(0)", '"1970-01-01T00:00:00.000Z"'),
    as("new Date(NaN)", "null"),
    as("new Uint8Array([1, 2])", '{"0":1,"1":2}'),
    as("new ArrayBuffer(4)", "{}"),
    as("[, 1, , 2]", "[null,1,null,2]"),
    as("/a/g", "{}"),
    as("new Error('x')", "{}"),
    as("new WeakMap()", "{}"),
    as("Object.create(null)", "{}"),
    as("Object.assign(Object.create(null), { a: 1 })", '{"a":1}'),
    as("Object.create({ inherited: 1 })", "{}"),
    as("new (class Point { x = 1; #y = 2; get z() { return 3; } })()", '{"x":1}'),
    as("new String('a')", '"a"'),
    as("new Number(5)", "5"),
    as("new Boolean(false)", "false"),
    as("Object(Symbol('s'))", "{}"),
    as("({ toJSON() { return { b: 1 }; } })", '{"b":1}'),
    as("({ toJSON: 5, a: 1 })", '{"toJSON":5,"a":1}'),
    as("({ get a() { return 1; } })", '{"a":1}'),
    as("({ ['__proto__']: 1 })", '{"__proto__":1}'),
    as("({ [Symbol('hidden')]: () => 1, a: 1 })", '{"a":1}'),
    as("Object.defineProperty({}, 'hidden', { value: () => 1 })", "{}"),
    as("new Proxy({ a: 1 }, {})", '{"a":1}'),
    as("new Proxy([1, 2], {})", "[1,2]"),
    as(
      "new Proxy({}, { ownKeys: () => ['a'], getOwnPropertyDescriptor: () => ({ value: 1, enumerable: true, configurable: true }), get: (_t, key) => (key === 'a' ? 'lie' : undefined) })",
      '{"a":"lie"}',
    ),
    as("Object.freeze([1])", "[1]"),
    as("(function () { return arguments; })(1)", '{"0":1}'),
    no("(() => 1)"),
    no("function f() {}"),
    no("class A {}"),
    no("Symbol('s')"),
    no("Symbol.iterator"),
    no("10n"),
    no("Object(10n)"),
    no("NaN"),
    no("-Infinity"),
    no("new Map([[1, 2]])"),
    no("new Set()"),
    no("new Proxy({}, { get() { throw new Error('trap'); } })"),
    no("new Proxy({ a: 1 }, { ownKeys() { throw new Error('trap'); } })"),
    no("new Proxy({ a: 1 }, { getPrototypeOf() { throw new Error('trap'); } })"),
    no("({ get a() { throw new Error('getter'); } })"),
    no("({ toJSON() { throw new Error('toJSON'); } })"),
    no("({ toJSON() { return () => 1; } })"),
    no("(() => { const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); return proxy; })()"),
    no("(() => { const a = {}; a.a = a; return a; })()"),
    no("(() => { const a = []; a.push({ a }); return a; })()"),
    no("(() => { let a = []; for (let i = 0; i < 300; i++) a = [a]; return a; })()"),
    no("host.tool"),
    no("host"),
  ),
  fc.integer().map((value) => as(String(value), String(value))),
  fc.string({ unit: "binary" }).map((value) => as(JSON.stringify(value), JSON.stringify(value))),
);

const made = fc.letrec<{ value: Made }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthIdentifier: "guest" },
    { weight: 3, arbitrary: leaf },
    {
      weight: 1,
      arbitrary: fc.array(tie("value"), { maxLength: 4, depthIdentifier: "guest" }).map(listOf),
    },
    {
      weight: 1,
      arbitrary: fc.array(tie("value"), { maxLength: 4, depthIdentifier: "guest" }).map(objectOf),
    },
  ),
})).value;

function listOf(items: readonly Made[]): Made {
  const source = `[${items.map((item) => item.source).join(", ")}]`;
  const texts = items.map(jsonOf);
  return texts.includes(undefined) ? no(source) : as(source, `[${texts.join()}]`);
}

function objectOf(items: readonly Made[]): Made {
  const source = `({ ${items.map((item, i) => `k${i}: ${item.source}`).join(", ")} })`;
  if (items.some((item) => jsonOf(item) === undefined)) return no(source);
  const members = items.flatMap((item, i) => (item.absent ? [] : [`"k${i}":${jsonOf(item)}`]));
  return as(source, `{${members.join()}}`);
}

function jsonOf({ expected }: Made): string | undefined {
  return expected.kind === "json" ? expected.json : undefined;
}

export const guestValue: fc.Arbitrary<GuestValue> = made;
