/**
 * Finds the calls of a function in one `@example` block whose results are documented: by the
 * comment behind the call, behind a `console.log` of it, or behind a later mention of the variable
 * that holds it.
 */
import {
  parse,
  type AnyNode,
  type CallExpression,
  type Comment,
  type ModuleDeclaration,
  type Pattern,
  type Program,
  type Statement,
} from "acorn";
import { transformSync } from "amaro";
import {
  readDocumentedElements,
  readDocumentedResult,
  type DocumentedResult,
} from "./documented-result.ts";

/** A documented call and where its callee stands in the source. */
export interface DocumentedCall {
  readonly calleeStart: number;
  readonly calleeEnd: number;
  readonly result: DocumentedResult;
}

/** A block as JavaScript. */
export interface ExampleSource {
  readonly source: string;
  readonly program: Program;
  readonly calls: readonly DocumentedCall[];
}

type TopLevel = Statement | ModuleDeclaration;

interface Parsed {
  readonly source: string;
  readonly program: Program;
  readonly comments: readonly Comment[];
}

/** A call and the variables that hold its result. */
interface Candidate {
  readonly call: CallExpression;
  readonly variable?: string;
  /** Variables that hold the elements of the result. */
  readonly elements?: readonly string[];
}

/**
 * @param name function whose calls are sought
 * @param block text of the `@example`
 * @returns undefined when the block is not code
 */
export function parseExample(name: string, block: string): ExampleSource | undefined {
  const text = withCommentMarks(block);
  const parsed =
    // Types first: `f<number>(1)` is JavaScript too, but not a call.
    tryParse(withoutTypes(text)) ??
    tryParse(text) ??
    // Several examples in one block may declare the same name.
    tryParse(withoutTypes(text.replace(/^(?:const|let)\b/gm, "var")));
  if (parsed === undefined) return undefined;
  const { source, program } = parsed;
  return { source, program, calls: findDocumentedCalls(name, parsed) };
}

/** Some blocks give results behind a call or on a line of their own without marking a comment. */
function withCommentMarks(text: string): string {
  return text.replace(/;[ \t]*=>/g, "; // =>").replace(/^[ \t]*(?=Returns:)/gm, "// ");
}

function tryParse(source: string | undefined): Parsed | undefined {
  if (source === undefined) return undefined;
  const comments: Comment[] = [];
  try {
    const program = parse(source, {
      ecmaVersion: "latest",
      sourceType: "module",
      allowAwaitOutsideFunction: true,
      locations: true,
      onComment: comments,
    });
    return { source, program, comments };
  } catch {
    return undefined; // Not every block is code; the caller reports what was left out.
  }
}

function withoutTypes(text: string): string | undefined {
  try {
    return transformSync(text, { mode: "strip-only" }).code;
  } catch {
    return undefined; // Not TypeScript either.
  }
}

function findDocumentedCalls(name: string, { program, comments }: Parsed): DocumentedCall[] {
  const found = new Map<CallExpression, DocumentedResult>();
  const variables = new Map<string, Candidate>();
  const note = (candidate: Candidate | undefined, lines: readonly string[]): boolean => {
    if (candidate === undefined) return false;
    const result = firstResult(lines, candidate);
    if (result === undefined) return false;
    if (found.get(candidate.call)?.kind !== "value") found.set(candidate.call, result);
    return true;
  };

  for (const [index, statement] of program.body.entries()) {
    const candidate = candidateOf(name, statement, variables);
    if (candidate?.variable !== undefined) variables.set(candidate.variable, candidate);
    const before = program.body[index - 1];
    if (note(candidate, linesBehind(statement, program.body[index + 1], comments))) continue;
    if (before === undefined) note(candidate, linesBefore(statement, comments));
  }
  return [...found].map(([{ callee }, result]) => ({
    calleeStart: callee.start,
    calleeEnd: callee.end,
    result,
  }));
}

/** The call a comment on this statement would document. */
function candidateOf(
  name: string,
  statement: TopLevel,
  variables: ReadonlyMap<string, Candidate>,
): Candidate | undefined {
  if (statement.type === "VariableDeclaration") {
    const [declarator] = statement.declarations;
    if (statement.declarations.length !== 1 || !declarator?.init) return undefined;
    const call = callOf(name, declarator.init);
    if (!call) return undefined;
    if (declarator.id.type === "Identifier") return { call, variable: declarator.id.name };
    return { call, elements: elementNames(declarator.id) };
  }
  if (statement.type !== "ExpressionStatement") return undefined;
  const shown = loggedValue(statement.expression) ?? statement.expression;
  if (shown.type === "Identifier") return variables.get(shown.name);
  if (shown.type === "AssignmentExpression" && shown.left.type === "Identifier") {
    const call = callOf(name, shown.right);
    return call && { call, variable: shown.left.name };
  }
  const call = callOf(name, shown);
  return call && { call };
}

/** Names in `[even, odd]`; none for other patterns. */
function elementNames(pattern: Pattern): string[] {
  if (pattern.type !== "ArrayPattern") return [];
  return pattern.elements.map((element) => (element?.type === "Identifier" ? element.name : ""));
}

function callOf(name: string, node: AnyNode): CallExpression | undefined {
  if (node.type === "AwaitExpression") return callOf(name, node.argument);
  if (node.type === "ParenthesizedExpression") return callOf(name, node.expression);
  if (node.type !== "CallExpression") return undefined;
  return node.callee.type === "Identifier" && node.callee.name === name ? node : undefined;
}

/** The only argument of `console.log(…)`. */
function loggedValue(node: AnyNode): AnyNode | undefined {
  if (node.type !== "CallExpression" || node.callee.type !== "MemberExpression") return undefined;
  const { object } = node.callee;
  const logs = object.type === "Identifier" && object.name === "console";
  return logs && node.arguments.length === 1 ? node.arguments[0] : undefined;
}

/** Comment lines on the statement's last line and directly under it. */
function linesBehind(
  statement: TopLevel,
  next: TopLevel | undefined,
  comments: readonly Comment[],
): string[] {
  const lines: string[] = [];
  let line = lastLine(statement);
  for (const comment of comments) {
    if (comment.start < statement.end) continue;
    if (next && comment.start > next.start) break;
    const start = comment.loc?.start.line ?? 0;
    if (start > line + 1) break;
    line = comment.loc?.end.line ?? start;
    lines.push(...comment.value.split("\n"));
  }
  return lines;
}

/** Comment lines directly above the first statement that announce what it returns. */
function linesBefore(statement: TopLevel, comments: readonly Comment[]): string[] {
  const above = comments.filter((comment) => comment.end <= statement.start);
  const lines = above.map((comment) => comment.value);
  return lines.some((text) => /^\s*Returns?\b/.test(text)) ? lines : [];
}

function lastLine(node: TopLevel): number {
  return node.loc?.end.line ?? 0;
}

/** The first line that speaks of a result, read together with the lines after it. */
function firstResult(
  lines: readonly string[],
  { variable, elements = [] }: Candidate,
): DocumentedResult | undefined {
  const destructured = readDocumentedElements(lines.join("\n"), elements);
  if (destructured) return destructured;
  for (const index of lines.keys()) {
    const result = readDocumentedResult(lines.slice(index).join("\n"), variable);
    if (result !== undefined) return result;
  }
  return undefined;
}
