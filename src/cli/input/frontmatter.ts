/**
 * The YAML between the `---` lines of a `SKILL.md`, as far as such files use it: plain, quoted and
 * block scalars, lists of scalars, and one level of nested maps. Every scalar is a string. What
 * goes beyond that is refused with its line, and never guessed at.
 */
import { RepertoireError } from "../../base/errors.ts";

export type FrontmatterValue = string | readonly string[] | ReadonlyMap<string, string>;

export interface Frontmatter {
  readonly fields: ReadonlyMap<string, FrontmatterValue>;
  /** What follows the closing line. */
  readonly body: string;
}

const ENTRY = /^( *)([\w][\w.-]*|"[^"]*"|'[^']*') *:(?:[ \t]+(.*))?$/;
const FENCE = /^(?:---|\.\.\.)\s*$/;
const REFUSED = /^[&*!%@`{]/;
const ESCAPES: Readonly<Record<string, string>> = {
  n: "\n",
  t: "\t",
  r: "\r",
  '"': '"',
  "\\": "\\",
  "/": "/",
};

/** @throws {INVALID_INPUT} with file and line when it is not frontmatter of this kind */
export function parseFrontmatter(file: string, text: string): Frontmatter {
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  let at = 0;

  function fail(message: string, line = at): RepertoireError {
    return new RepertoireError("INVALID_INPUT", `${file}:${line + 1}: ${message}`, {
      details: { file, line: line + 1 },
    });
  }

  const isBlank = (line: string): boolean => /^\s*(?:#.*)?$/.test(line);
  const indentOf = (line: string): number => line.length - line.trimStart().length;
  const current = (): string | undefined => {
    const line = lines[at];
    return line === undefined || FENCE.test(line) ? undefined : line;
  };
  /** The next line that says something, if it is indented more than `indent`. */
  function nested(indent: number): string | undefined {
    while (current() !== undefined && isBlank(current() as string)) at += 1;
    const line = current();
    return line !== undefined && indentOf(line) > indent ? line : undefined;
  }

  function parseMap<Value>(
    indent: number,
    parseValue: (rest: string, indent: number) => Value,
  ): Map<string, Value> {
    const map = new Map<string, Value>();
    for (let line = nested(indent - 1); line !== undefined; line = nested(indent - 1)) {
      if (/^ *\t/.test(line)) throw fail("indent with spaces; YAML does not allow tabs");
      const [, spaces = "", name = "", rest = ""] = ENTRY.exec(line) ?? [];
      if (name === "" || spaces.length !== indent)
        throw fail(`expected "name: value" indented by ${indent} spaces`);
      const key = name.replaceAll(/^["']|["']$/g, "");
      if (map.has(key)) throw fail(`"${key}" is given twice`);
      at += 1;
      map.set(key, parseValue(rest.trim(), indent));
    }
    return map;
  }

  function parseTop(rest: string, indent: number): FrontmatterValue {
    if (rest.startsWith("[")) return parseInlineList(folded(rest, indent, "]"));
    if (rest !== "" && !rest.startsWith("#")) return parseScalar(rest, indent);
    const line = current() === undefined ? undefined : lines[at];
    const isListItem = (text: string | undefined): text is string =>
      text !== undefined && /^ *-(?: |$)/.test(text);
    // A list may stand at the indentation of its key.
    if (isListItem(line) || isListItem(nested(indent))) return parseBlockList();
    const inner = nested(indent);
    return inner === undefined ? "" : parseMap(indentOf(inner), parseScalar);
  }

  function parseBlockList(): readonly string[] {
    const items: string[] = [];
    for (let line = nested(-1); line !== undefined && /^ *-(?: |$)/.test(line); line = nested(-1)) {
      const indent = indentOf(line);
      at += 1;
      items.push(parseScalar(line.trim().slice(1).trim(), indent));
    }
    return items;
  }

  function parseScalar(rest: string, indent: number): string {
    if (REFUSED.test(rest) || rest.startsWith("["))
      throw fail(
        `this YAML is not supported here: ${rest.slice(0, 30)}; write it as a quoted string`,
        at - 1,
      );
    const [, style, chomp = ""] = /^([|>])([+-]?)\d?[+-]?(?:\s+#.*)?$/.exec(rest) ?? [];
    if (style !== undefined) return parseBlock(style, chomp, indent);
    if (rest.startsWith('"') || rest.startsWith("'")) return parseQuoted(rest, indent);
    return folded(rest.replace(/(?:^|\s+)#.*$/, ""), indent);
  }

  /** A scalar that goes on over further, more indented lines, up to the one that ends with `end`. */
  function folded(first: string, indent: number, end?: string): string {
    let text = first;
    while (current() !== undefined) {
      if (end !== undefined && isClosed(text, end)) return text;
      const line = current() as string;
      if (line.trim() !== "" && indentOf(line) <= indent) break;
      if (line.trim() === "" && end === undefined && nestedAfterBlank(indent) === undefined) break;
      if (end === undefined && ENTRY.test(line))
        throw fail(`this looks like a field within a text; quote the text, or indent less`);
      text =
        line.trim() === "" ? `${text}\n` : `${text}${text.endsWith("\n") ? "" : " "}${line.trim()}`;
      at += 1;
    }
    return text.trim();
  }

  function nestedAfterBlank(indent: number): string | undefined {
    const next = lines.slice(at).find((line) => line.trim() !== "");
    return next !== undefined && !FENCE.test(next) && indentOf(next) > indent ? next : undefined;
  }

  function parseQuoted(rest: string, indent: number): string {
    const started = at - 1;
    const quote = rest.charAt(0);
    const text = folded(rest, indent, quote);
    const pattern =
      quote === '"' ? /^"((?:[^"\\]|\\[^])*)"\s*(?:#.*)?$/ : /^'((?:[^']|'')*)'\s*(?:#.*)?$/;
    const [, inner] = pattern.exec(text) ?? [];
    if (inner === undefined)
      throw fail(`the quoted text has no end, or something follows it`, started);
    if (quote === "'") return inner.replaceAll("''", "'");
    return inner.replaceAll(/\\(u[\dA-Fa-f]{4}|[^])/g, (_, escape: string) => {
      if (escape.length === 5) return String.fromCharCode(Number.parseInt(escape.slice(1), 16));
      const meant = ESCAPES[escape];
      if (meant === undefined) throw fail(`there is no escape \\${escape}`, started);
      return meant;
    });
  }

  function parseBlock(style: string, chomp: string, indent: number): string {
    const content: string[] = [];
    const first = lines.slice(at).find((line) => line.trim() !== "");
    const depth = first === undefined ? 0 : indentOf(first);
    while (current() !== undefined) {
      const line = current() as string;
      if (line.trim() !== "" && (indentOf(line) <= indent || indentOf(line) < depth)) break;
      content.push(line.slice(depth).trimEnd());
      at += 1;
    }
    const text = style === "|" ? content.join("\n") : fold(content);
    if (chomp === "+") return `${text}\n`;
    const trimmed = text.replace(/\n+$/, "");
    return chomp === "-" || trimmed === "" ? trimmed : `${trimmed}\n`;
  }

  function parseInlineList(text: string): readonly string[] {
    if (!isClosed(text, "]")) throw fail("the list has no closing bracket", at - 1);
    const inner = text.replace(/\]\s*(?:#.*)?$/, "").slice(1);
    const items = inner.match(/\s*"(?:[^"\\]|\\[^])*"|\s*'(?:[^']|'')*'|[^,]+/g) ?? [];
    return items
      .map((item) => item.trim())
      .filter((item) => item !== "")
      .map((item) => {
        if (/^[[{&*!]/.test(item)) throw fail(`a list of scalars can not contain ${item}`, at - 1);
        return /^["']/.test(item) ? parseQuoted(item, Number.POSITIVE_INFINITY) : item;
      });
  }

  if (!/^---\s*$/.test(lines[0] ?? "")) throw fail('expected the first line to be "---"', 0);
  at = 1;
  const fields = parseMap(0, parseTop);
  if (lines[at] === undefined)
    throw fail('expected a line "---" that ends the frontmatter', lines.length - 1);
  return {
    fields,
    body: lines
      .slice(at + 1)
      .join("\n")
      .trim(),
  };
}

function isClosed(text: string, end: string): boolean {
  if (end === "]") return /\]\s*(?:#.*)?$/.test(text);
  const closed = end === '"' ? /^"(?:[^"\\]|\\[^])*"/ : /^'(?:[^']|'')*'(?!')/;
  return closed.test(text);
}

/** Joins lines with spaces; an empty line is a line break, and indented lines keep theirs. */
function fold(lines: readonly string[]): string {
  return lines.reduce((text, line, index) => {
    if (index === 0) return line;
    const previous = lines[index - 1] ?? "";
    if (line === "") return `${text}\n`;
    if (/^\s/.test(line) || /^\s/.test(previous)) return `${text}\n${line}`;
    return previous === "" ? text + line : `${text} ${line}`;
  }, "");
}
