/**
 * Checks a skill's code without running it: it parses, imports nothing, and default-exports what
 * can be a function. TypeScript is stripped of its types with every position kept, so that lines
 * and columns of later errors are those of the source.
 */
import type { Node, parse as Parse, Program } from "acorn";
import type { Issue } from "../base/errors.ts";
import { codeFingerprint } from "./code-fingerprint.ts";
import type { SkillLanguage } from "./skill.ts";

export type CodeCheck =
  | { readonly ok: true; readonly program: string; readonly fingerprint?: string }
  | { readonly ok: false; readonly issues: readonly Issue[] };

/**
 * @returns the JavaScript to run, or every issue with its line and column
 * @throws {Error} when the type stripper broke on it
 */
export async function checkCode(code: string, language: SkillLanguage): Promise<CodeCheck> {
  const stripped =
    language === "typescript" ? await stripTypes(code) : { ok: true as const, program: code };
  if (!stripped.ok) return stripped;
  const { parse } = await import("acorn");
  const parsed = parseModule(stripped.program, parse);
  if (!parsed.ok) return parsed;
  const issues = [...findImports(parsed.program), ...findExportDefect(parsed.program)];
  if (issues.length > 0) return { ok: false, issues };
  const fingerprint = codeFingerprint(parsed.program);
  return fingerprint === undefined ? stripped : { ...stripped, fingerprint };
}

interface StripError {
  readonly code?: string;
  readonly message?: string;
  readonly startLine?: number;
  readonly startColumn?: number;
}

async function stripTypes(code: string): Promise<CodeCheck> {
  const { transformSync } = await import("amaro");
  try {
    return { ok: true, program: transformSync(code, { mode: "strip-only" }).code };
  } catch (error) {
    // What it refuses it says with a plain object; an error means that its own memory is not sound any more.
    if (error instanceof Error) throw error;
    const { message, startLine, startColumn, code: kind } = error as StripError;
    const expected =
      kind === "UnsupportedSyntax"
        ? "TypeScript whose types can be erased (no enum, namespace, parameter property)"
        : "TypeScript that parses";
    return failed(message ?? String(error), expected, startLine ?? 1, (startColumn ?? 0) + 1);
  }
}

type ParsedModule =
  | { readonly ok: true; readonly program: Program }
  | { readonly ok: false; readonly issues: readonly Issue[] };

function parseModule(code: string, parse: typeof Parse): ParsedModule {
  try {
    return {
      ok: true,
      program: parse(code, { ecmaVersion: "latest", sourceType: "module", locations: true }),
    };
  } catch (error) {
    if (error instanceof RangeError)
      return failed("the code is nested too deeply to be parsed", "less nesting", 1, 1);
    const { message, loc } = error as SyntaxError & { loc?: { line: number; column: number } };
    return failed(
      readable(message),
      "an ES module that parses",
      loc?.line ?? 1,
      (loc?.column ?? 0) + 1,
    );
  }
}

function readable(message: string): string {
  const text = message.replace(/ \(\d+:\d+\)$/, "");
  return text === "Unexpected character '@'" ? "decorators are not available to a skill" : text;
}

function failed(
  message: string,
  expected: string,
  line: number,
  column: number,
): { ok: false; issues: Issue[] } {
  return {
    ok: false,
    issues: [{ path: "code", message, expected, received: `line ${line}`, line, column }],
  };
}

const SELF_CONTAINED =
  "a module that imports nothing; bundle what it needs, or call a tool or skill through `host`";

function findImports(program: Program): Issue[] {
  const issues: Issue[] = [];
  const pending: Node[] = [program];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    const found = importOf(node);
    if (found !== undefined) issues.push(issueAt(node, found, SELF_CONTAINED));
    for (const value of Object.values(node)) {
      if (Array.isArray(value)) pending.push(...value.filter(isNode));
      else if (isNode(value)) pending.push(value);
    }
  }
  return issues.sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
}

function importOf(node: Node): string | undefined {
  switch (node.type) {
    case "ImportDeclaration":
      return "`import` is not available to a skill";
    case "ImportExpression":
      return "`import()` is not available to a skill";
    case "ExportAllDeclaration":
      return "`export … from` is not available to a skill";
    case "ExportNamedDeclaration":
      return (node as Node & { source?: unknown }).source
        ? "`export … from` is not available to a skill"
        : undefined;
    case "MetaProperty":
      return (node as Node & { meta?: { name?: string } }).meta?.name === "import"
        ? "`import.meta` is not available to a skill"
        : undefined;
    default:
      return undefined;
  }
}

const NEVER_A_FUNCTION = new Set([
  "Literal",
  "TemplateLiteral",
  "ObjectExpression",
  "ArrayExpression",
  "ClassDeclaration",
  "ClassExpression",
  "NewExpression",
]);
const DEFAULT_FUNCTION =
  "a default-exported function, such as `export default function (context, host) { … }`";

function findExportDefect(program: Program): Issue[] {
  for (const node of program.body) {
    if (node.type === "ExportDefaultDeclaration") {
      return NEVER_A_FUNCTION.has(node.declaration.type)
        ? [issueAt(node, "the default export is not a function", DEFAULT_FUNCTION)]
        : [];
    }
    if (
      node.type === "ExportNamedDeclaration" &&
      node.specifiers.some((specifier) => nameOf(specifier.exported) === "default")
    ) {
      return [];
    }
  }
  return [issueAt(program, "there is no default export", DEFAULT_FUNCTION)];
}

function nameOf(exported: {
  readonly type: string;
  readonly name?: string;
  readonly value?: unknown;
}): unknown {
  return exported.type === "Identifier" ? exported.name : exported.value;
}

function issueAt(node: Node, message: string, expected: string): Issue {
  const { line, column } = node.loc?.start ?? { line: 1, column: 0 };
  return { path: "code", message, expected, received: `line ${line}`, line, column: column + 1 };
}

function isNode(value: unknown): value is Node {
  return (
    typeof value === "object" &&
    value !== null &&
    typeof (value as { type?: unknown }).type === "string"
  );
}
