/**
 * Names a source refers to without declaring them. Scopes are not told apart: a name declared
 * anywhere in the source counts as declared, which is exact enough for short, honest code.
 */
import { parse, type AnyNode, type Node } from "acorn";

export interface FreeNames {
  /** Neither declared, nor part of the language, nor only asked about with `typeof`. */
  readonly unknown: readonly string[];
  /** Whether it counts in a variable of its top level, and so remembers earlier calls. */
  readonly counts: boolean;
  /** Members of built-ins that are read, such as `Math.random`. */
  readonly members: ReadonlySet<string>;
}

/** Globals every ECMAScript engine has, and `console`. */
const LANGUAGE: ReadonlySet<string> = new Set(
  `AggregateError Array ArrayBuffer Atomics BigInt BigInt64Array BigUint64Array Boolean DataView
  Date Error EvalError Float16Array Float32Array Float64Array Function Infinity Int16Array
  Int32Array Int8Array Iterator JSON Map Math NaN Number Object Promise Proxy RangeError
  ReferenceError Reflect RegExp Set SharedArrayBuffer String Symbol SyntaxError TypeError URIError
  Uint16Array Uint32Array Uint8Array Uint8ClampedArray WeakMap WeakRef WeakSet arguments console
  decodeURI decodeURIComponent encodeURI encodeURIComponent escape eval globalThis isFinite isNaN
  parseFloat parseInt undefined unescape`.split(/\s+/),
);

/** @throws {SyntaxError} when the source is not an ES module */
export function findFreeNames(source: string): FreeNames {
  const declared = new Set<string>();
  const used = new Set<string>();
  const probed = new Set<string>();
  const members = new Set<string>();
  const counted = new Set<string>();

  function visit(node: AnyNode): void {
    switch (node.type) {
      case "Identifier":
        used.add(node.name);
        return;
      case "UnaryExpression":
        if (node.operator === "typeof" && node.argument.type === "Identifier")
          probed.add(node.argument.name);
        break;
      case "MemberExpression":
        if (node.object.type === "Identifier" && node.property.type === "Identifier")
          members.add(`${node.object.name}.${node.property.name}`);
        visit(node.object);
        if (node.computed) visit(node.property);
        return;
      case "Property":
      case "MethodDefinition":
      case "PropertyDefinition":
        if (node.computed) visit(node.key);
        if (node.value) visit(node.value);
        return;
      case "UpdateExpression":
        if (node.argument.type === "Identifier") counted.add(node.argument.name);
        break;
      case "VariableDeclarator":
        declare(node.id);
        break;
      case "CatchClause":
        if (node.param) declare(node.param);
        break;
      case "FunctionDeclaration":
      case "FunctionExpression":
      case "ArrowFunctionExpression":
        node.params.forEach(declare);
        if (node.id) declare(node.id);
        break;
      case "ClassDeclaration":
      case "ClassExpression":
        if (node.id) declare(node.id);
        break;
      case "LabeledStatement":
        visit(node.body);
        return;
      case "BreakStatement":
      case "ContinueStatement":
      case "ExportSpecifier":
      case "MetaProperty":
        return;
      default:
    }
    for (const child of childrenOf(node)) visit(child);
  }

  function declare(pattern: AnyNode): void {
    if (pattern.type === "Identifier") declared.add(pattern.name);
    else if (pattern.type === "Property") declare(pattern.value);
    else if (pattern.type === "AssignmentPattern") declare(pattern.left);
    else for (const child of childrenOf(pattern)) declare(child);
  }

  const program = parse(source, { ecmaVersion: "latest", sourceType: "module" });
  visit(program);
  const known = (name: string): boolean =>
    declared.has(name) || LANGUAGE.has(name) || probed.has(name);
  const counts = program.body.some(
    (statement) =>
      statement.type === "VariableDeclaration" &&
      statement.declarations.some(({ id }) => id.type === "Identifier" && counted.has(id.name)),
  );
  return { unknown: [...used].filter((name) => !known(name)), counts, members };
}

function childrenOf(node: AnyNode): AnyNode[] {
  return Object.values(node as unknown as Record<string, unknown>)
    .flat()
    .filter((value) => isNode(value)) as AnyNode[];
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "type" in value && "start" in value;
}
