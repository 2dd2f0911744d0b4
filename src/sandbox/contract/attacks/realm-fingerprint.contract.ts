/**
 * A program that describes its realm: every object reachable from the global object and from the
 * intrinsics that have no name, with keys, attributes and primitive values, and how it behaves.
 */
export function realmFingerprint(): string {
  return PROGRAM;
}

const PROGRAM = String.raw`
const statics = ["$1", "$2", "$9", "input", "lastMatch", "lastParen", "leftContext", "rightContext"].map((key) => {
  try { return key + "=" + String(RegExp[key]); } catch (error) { return key + "!" + error.name; }
});
const seen = new Map();
const lines = [];
const queue = [];
function label(value, path) {
  if (value === null || (typeof value !== "object" && typeof value !== "function")) {
    return typeof value === "symbol" ? value.toString() : typeof value + " " + String(value);
  }
  const known = seen.get(value);
  if (known !== undefined) return "-> " + known;
  seen.set(value, path);
  queue.push(value);
  return "here";
}
/** A function as they all are: one line is enough for it. */
function plain(f) {
  const keys = Reflect.ownKeys(f);
  if (keys.length !== 2 || keys[0] !== "length" || keys[1] !== "name") return false;
  if (Object.getPrototypeOf(f) !== Function.prototype || !Object.isExtensible(f)) return false;
  const length = Object.getOwnPropertyDescriptor(f, "length"), name = Object.getOwnPropertyDescriptor(f, "name");
  return [length, name].every((d) => "value" in d && !d.writable && !d.enumerable && d.configurable);
}
function drain() {
  while (queue.length > 0) {
    const object = queue.shift();
    const path = seen.get(object);
    if (typeof object === "function" && plain(object)) {
      lines.push(path + " " + object.name + "/" + object.length);
      continue;
    }
    lines.push(path + " prototype " + label(Object.getPrototypeOf(object), path + ".__proto__") + " extensible " + Object.isExtensible(object));
    for (const key of Reflect.ownKeys(object)) {
      // The program's own scope is the only thing that may differ.
      const found = Object.getOwnPropertyDescriptor(object, key);
      const at = path + "." + String(key);
      const flags = (found.writable ? "w" : "-") + (found.enumerable ? "e" : "-") + (found.configurable ? "c" : "-");
      lines.push(at + " " + flags + " " + ("value" in found
        ? label(found.value, at)
        : "get " + label(found.get, at + ":get") + " set " + label(found.set, at + ":set")));
    }
  }
}
export default async function (context, host) {
  label(globalThis, "global");
  label(Object.getPrototypeOf(function* () {}), "GeneratorFunction");
  label(Object.getPrototypeOf(async function () {}), "AsyncFunction");
  label(Object.getPrototypeOf(async function* () {}), "AsyncGeneratorFunction");
  label(Object.getPrototypeOf([][Symbol.iterator]()), "ArrayIterator");
  label(Object.getPrototypeOf(new Map()[Symbol.iterator]()), "MapIterator");
  label(Object.getPrototypeOf(new Set()[Symbol.iterator]()), "SetIterator");
  label(Object.getPrototypeOf(""[Symbol.iterator]()), "StringIterator");
  label(Object.getPrototypeOf("".matchAll(/a/g)), "RegExpStringIterator");
  label(host, "host");
  label(context, "context");
  drain();
  const thrown = [];
  for (const attempt of [() => null.x, () => undefinedName, () => { throw new TypeError("t"); }]) {
    try { attempt(); } catch (error) { thrown.push(error.name + ": " + error.message + " " + typeof error.stack); }
  }
  console.log("canary", { a: [1, "x"] }, -0);
  const answer = await host.tool("canary", { b: 2 });
  let awaited = "no";
  await { then(resolve) { awaited = "yes"; resolve(); } };
  let refused = "";
  try { await host.tool(7); } catch (error) { refused = error.name + ": " + error.message; }
  await host.sleep(1);
  lines.push(
    "random " + [Math.random(), Math.random(), Math.random()].join(),
    "clock " + [Date.now(), new Date().toISOString(), new Date(2020, 1, 1).getTime(), performance.now()].join(),
    "statics " + statics.join(),
    "symbols " + ["x", "leak", "handle"].map((name) => Symbol.for(name).toString() + Symbol.keyFor(Symbol.iterator)).join(),
    "behaviour " + JSON.stringify([[3, 1, 2].sort(), [1, [2]].flat(), "abc".replace(/b/, "$&$&"), /(a)(b)?/.exec("ab"), [..."xyz"],
      Object.entries({ p: 1 }), JSON.parse('{"__proto__":1}'), new Set([1, 1]).size, Array.from({ length: 2 }, (_, i) => i),
      Object.prototype.toString.call(null), String(Symbol("s")), (1.005).toFixed(2), isNaN("x"), ({}).leak === undefined]),
    "answers " + JSON.stringify([answer, awaited, refused, context]),
    "errors " + thrown.join("; "),
  );
  return lines.join("\n");
}
`;
