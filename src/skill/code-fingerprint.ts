/**
 * A digest that programs share when they differ only in layout, comments and the names they give
 * their own variables.
 *
 * Names are replaced by the order in which they first appear, over the whole module: programs that
 * differ in more than a consistent renaming differ in their digests. The reverse is not promised: a
 * name that one program declares twice, in scopes apart, keeps two renamed copies apart.
 */
import { createHash } from "node:crypto";
import type { Node } from "acorn";

/** Below this many nodes programs are alike by chance: `(context) => context` has six. */
const SMALLEST_PROGRAM = 24;

/** What of a node says where or how it was written, and not what it does. */
const LAYOUT: ReadonlySet<string> = new Set([
  "type",
  "start",
  "end",
  "loc",
  "range",
  "raw",
  "shorthand",
]);

/** @returns 64 hexadecimal digits; `undefined` for a program too small to tell anything */
export function codeFingerprint(program: Node): string | undefined {
  const declared = declaredNames(program);
  const numbers = new Map<string, number>();
  const digest = createHash("sha256");
  let nodes = 0;
  const pending: unknown[] = [program];
  while (pending.length > 0) {
    const value = pending.pop();
    if (!isNode(value)) {
      digest.update(leaf(value));
      continue;
    }
    nodes += 1;
    digest.update(`(${value.type}`);
    const own = value.type === "Identifier" ? (value as Named).name : undefined;
    if (own !== undefined && declared.has(own)) {
      if (!numbers.has(own)) numbers.set(own, numbers.size);
      digest.update(`#${numbers.get(own)}`);
      continue;
    }
    const names = Object.keys(value)
      .filter((name) => !LAYOUT.has(name))
      .toSorted();
    for (const name of names.toReversed()) {
      const child = (value as unknown as Record<string, unknown>)[name];
      // A key is what others see, even where a variable has the same name.
      const isKey = (name === "key" || name === "property") && !isComputed(value);
      if (isKey && isNode(child) && child.type === "Identifier")
        pending.push((child as Named).name);
      else if (!Array.isArray(child)) pending.push(child);
      else {
        pending.push(`]${child.length}`);
        for (const each of child.toReversed()) pending.push(each);
      }
      pending.push(name);
    }
  }
  return nodes < SMALLEST_PROGRAM ? undefined : digest.digest("hex");
}

type Named = Node & { readonly name: string };

/** Names the module binds itself; all others belong to its surroundings. */
function declaredNames(program: Node): ReadonlySet<string> {
  const names = new Set<string>();
  const pending: { readonly node: unknown; readonly binds: boolean }[] = [
    { node: program, binds: false },
  ];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { node, binds } = next;
    if (Array.isArray(node)) {
      for (const each of node) pending.push({ node: each, binds });
      continue;
    }
    if (!isNode(node)) continue;
    if (binds && node.type === "Identifier") names.add((node as Named).name);
    const binding = BINDING[node.type];
    for (const [name, child] of Object.entries(node)) {
      if (typeof child !== "object" || child === null) continue;
      const inPattern = binds && IN_PATTERN[node.type]?.includes(name) === true;
      pending.push({ node: child, binds: inPattern || binding?.includes(name) === true });
    }
  }
  return names;
}

/** Where a node binds names. */
const BINDING: Readonly<Record<string, readonly string[]>> = {
  VariableDeclarator: ["id"],
  FunctionDeclaration: ["id", "params"],
  FunctionExpression: ["id", "params"],
  ArrowFunctionExpression: ["params"],
  ClassDeclaration: ["id"],
  ClassExpression: ["id"],
  CatchClause: ["param"],
};

/** Where a pattern that binds passes that on. */
const IN_PATTERN: Readonly<Record<string, readonly string[]>> = {
  ObjectPattern: ["properties"],
  Property: ["value"],
  ArrayPattern: ["elements"],
  AssignmentPattern: ["left"],
  RestElement: ["argument"],
};

function leaf(value: unknown): string {
  if (value instanceof RegExp) return "/";
  return typeof value === "bigint"
    ? `${value}n`
    : `${typeof value}:${JSON.stringify(value) ?? ""},`;
}

function isComputed(node: Node): boolean {
  return (node as Node & { computed?: boolean }).computed === true;
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && typeof (value as Node).type === "string";
}
