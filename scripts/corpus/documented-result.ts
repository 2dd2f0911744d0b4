/**
 * Reads the result of a call out of the comment that documents it, such as `=> [1, 2]`,
 * `Returns: true` or `result will be { a: 1 }`. The call itself is never run for this.
 */
import { parse, type Expression, type Property, type SpreadElement } from "acorn";
import type { JsonValue } from "../../src/base/json.ts";

/** What a comment says: a value, or something that can not be an expected result. */
export type DocumentedResult =
  | { readonly kind: "value"; readonly value: JsonValue }
  | { readonly kind: "unusable"; readonly reason: string };

const ARROW = /^(?:=+>|-+>|→)\s*/;
const GENERIC =
  /^(?:the )?(?:return value|returned(?: value)?|returns?|outputs?|results?|logs?|prints?|expected(?: output| result)?)\b(?:\s+(?:will be|is now|is|are|:|=+>?))*\s*:?(?:\s+|$)/i;
const NAMED =
  /^([A-Za-z_$][\w$]*)(?:\s+(?:will be|is now|is|are|becomes|contains|equals|=+>?)|\s*:)\s*:?(?:\s+|$)/;

/** Whole comments that say what a predicate answers. */
const MARKS: ReadonlyMap<string, boolean> = new Map([
  ["✅", true],
  ["❌", false],
]);

/** Remarks allowed behind a literal. */
const REMARK = /^\s*(?:[.;,]?\s*$|[.;]\s|,?\s*(?:because|since|as|for|but|if|when)\b|\s[([–—#/-])/;

/** What a literal starts with, beside words. */
const NOT_JSON =
  /^(?:undefined|NaN|-?Infinity|-?\d+n|new\b|\w+\(|\/[^/\s]|Symbol\b|\[\w+[: ]?\w*\]$)/;

/**
 * @param comment text without comment marks; further lines may continue it
 * @param variable name the call's result is bound to, if any
 * @returns undefined when the comment does not speak of a result
 */
export function readDocumentedResult(
  comment: string,
  variable?: string,
): DocumentedResult | undefined {
  let text = comment.trim();
  let announced = false;
  const strip = (pattern: RegExp): RegExpExecArray | undefined => {
    const match = pattern.exec(text) ?? undefined;
    if (match) {
      text = text.slice(match[0].length);
      announced = true;
    }
    return match;
  };

  const mark = MARKS.get(text);
  if (mark !== undefined) return { kind: "value", value: mark };
  strip(ARROW);
  if (!strip(GENERIC)) {
    const subject = strip(NAMED)?.[1];
    if (subject !== undefined && subject !== variable) {
      if (!/^[-[{'"`\d]|^(true|false|null)\b/.test(text)) return undefined;
      return unusable(`the comment documents another variable`);
    }
  }
  strip(ARROW);

  const literal = literalText(text);
  if (literal === undefined) return announced ? prose(text) : undefined;
  if (!REMARK.test(firstLine(text.slice(literal.length))))
    return announced ? prose(text) : undefined;
  const value = evaluateLiteral(literal);
  if (value === undefined) {
    const kind = nonJson(literal);
    if (kind !== undefined) return unusable(`the documented result is not JSON (${kind})`);
    return announced || /^[[{]/.test(literal) ? prose(text) : undefined;
  }
  return { kind: "value", value };
}

/**
 * Reads a result whose elements are bound to variables of their own, such as
 * `even will be [2, 4], and odd will be [1, 3]`.
 *
 * @returns undefined unless the comment gives a value for every one of at least two names
 */
export function readDocumentedElements(
  comment: string,
  names: readonly string[],
): DocumentedResult | undefined {
  if (names.length < 2) return undefined;
  const values = names.map((name) => {
    const [, text] = comment.split(new RegExp(`\\b${name} (?:will be|is|=)\\s+`));
    const literal = text && literalText(text);
    return literal ? evaluateLiteral(literal) : undefined;
  });
  if (values.some((value) => value === undefined)) return undefined;
  return { kind: "value", value: values as JsonValue[] };
}

function prose(text: string): DocumentedResult {
  const kind = NOT_JSON.exec(text)?.[0];
  return kind === undefined
    ? unusable("the documented result is not a literal")
    : unusable(`the documented result is not JSON (${kind})`);
}

function nonJson(literal: string): string | undefined {
  return /\b(?:undefined|NaN|Infinity|Map|Set|Date|Symbol)\b|\[Function|\b\d+n\b/.exec(
    literal,
  )?.[0];
}

function unusable(reason: string): DocumentedResult {
  return { kind: "unusable", reason };
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? "";
}

/** The text of the literal that `text` starts with, found by balancing brackets and quotes. */
function literalText(text: string): string | undefined {
  const first = text[0] ?? "";
  if (/['"`]/.test(first)) {
    const end = endOfString(text, 0);
    return end === undefined ? undefined : text.slice(0, end);
  }
  if (first !== "[" && first !== "{") return /^[-+]?[\w.]*\w/.exec(text)?.[0];
  let depth = 0;
  for (let index = 0; index < text.length; index++) {
    const character = text[index] ?? "";
    if (/['"`]/.test(character)) {
      const end = endOfString(text, index);
      if (end === undefined) return undefined;
      index = end - 1;
    } else if (/[[{(]/.test(character)) depth++;
    else if (/[\]})]/.test(character) && --depth === 0) return text.slice(0, index + 1);
  }
  return undefined;
}

function endOfString(text: string, start: number): number | undefined {
  for (let index = start + 1; index < text.length; index++) {
    if (text[index] === "\\") index++;
    else if (text[index] === text[start]) return index + 1;
  }
  return undefined;
}

/** The JSON value of a literal, or undefined when it is not one. */
function evaluateLiteral(literal: string): JsonValue | undefined {
  // Backticks are Markdown in a comment, not a template.
  const source = literal.startsWith("`") ? literal.slice(1, -1) : literal;
  try {
    const [statement, ...more] = parse(`(${source}\n)`, { ecmaVersion: "latest" }).body;
    if (statement?.type !== "ExpressionStatement" || more.length > 0) return undefined;
    return valueOf(statement.expression);
  } catch {
    return undefined; // Prose in brackets, or an abbreviated literal, is not JavaScript.
  }
}

function valueOf(node: Expression): JsonValue | undefined {
  switch (node.type) {
    case "Literal":
      if (node.regex || typeof node.value === "bigint") return undefined;
      return node.value as string | number | boolean | null;
    case "UnaryExpression": {
      const value = valueOf(node.argument);
      if (typeof value !== "number") return undefined;
      return node.operator === "-" ? -value : node.operator === "+" ? value : undefined;
    }
    case "ArrayExpression": {
      const values = node.elements.map((element) =>
        element === null || element.type === "SpreadElement" ? undefined : valueOf(element),
      );
      return values.some((value) => value === undefined) ? undefined : (values as JsonValue[]);
    }
    case "ObjectExpression":
      return objectOf(node.properties);
    default:
      return undefined;
  }
}

function objectOf(properties: readonly (Property | SpreadElement)[]): JsonValue | undefined {
  const entries: [string, JsonValue][] = [];
  for (const property of properties) {
    if (property.type === "SpreadElement" || property.computed) return undefined;
    const value = valueOf(property.value);
    if (value === undefined) return undefined;
    const { key } = property;
    if (key.type === "Identifier") entries.push([key.name, value]);
    else if (key.type === "Literal") entries.push([String(key.value), value]);
    else return undefined;
  }
  return Object.fromEntries(entries);
}
