const MAX_DEPTH = 100;

const isBranch = (value) =>
  value !== null && typeof value === "object" && Object.keys(value).length > 0;

function flatten(value, separator) {
  const leaves = new Map();
  const walk = (node, path) => {
    if (path.length > MAX_DEPTH)
      throw new RangeError(`Expected at most ${MAX_DEPTH} levels, "${path[0]}…" has more`);
    for (const [key, member] of Object.entries(node)) {
      const next = [...path, key];
      if (isBranch(member)) {
        walk(member, next);
        continue;
      }
      const name = next.join(separator);
      if (leaves.has(name))
        throw new RangeError(`Two values have the path "${name}"; choose another separator`);
      leaves.set(name, member);
    }
  };
  walk(value, []);
  return Object.fromEntries(leaves);
}

/** Branches are Maps while they are built, so that no key can touch a prototype. */
function unflatten(flat, separator) {
  const root = new Map();
  for (const [name, value] of Object.entries(flat)) {
    const path = name.split(separator);
    if (path.length > MAX_DEPTH)
      throw new RangeError(`Expected at most ${MAX_DEPTH} levels in "${name}"`);
    let node = root;
    for (const key of path.slice(0, -1)) {
      if (!node.has(key)) node.set(key, new Map());
      node = node.get(key);
      if (!(node instanceof Map))
        throw new RangeError(`"${name}" is inside a path that already has a value`);
    }
    if (node.has(path.at(-1))) throw new RangeError(`"${name}" is given both a value and members`);
    node.set(path.at(-1), value);
  }

  const build = (node) => {
    if (!(node instanceof Map)) return node;
    // Keys 0, 1, 2 … n − 1, all present, make an array.
    const isArray =
      node.size > 0 &&
      [...node.keys()].every((key) => /^(?:0|[1-9]\d{0,8})$/.test(key) && Number(key) < node.size);
    if (isArray)
      return Array.from({ length: node.size }, (_, index) => build(node.get(String(index))));
    return Object.fromEntries([...node].map(([key, member]) => [key, build(member)]));
  };
  return build(root);
}

export default function flattenJson(context) {
  const value = context.value ?? context.prev_result;
  if (value === null || typeof value !== "object") {
    throw new TypeError(
      `Expected value to be an object or array, got ${value === null ? "null" : typeof value}`,
    );
  }
  const { separator = ".", reverse = false } = context;
  return reverse ? unflatten(value, separator) : flatten(value, separator);
}
