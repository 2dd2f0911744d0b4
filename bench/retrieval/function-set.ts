/**
 * A set of real code: public functions of four libraries as skills, searched with what the authors of
 * other libraries wrote about a function of the same name. The name itself is taken out of a query, so
 * only what was said of it can find it.
 *
 * Made from packages in the folder of modules: lodash, mathjs, date-fns and ramda give the skills (of
 * a name that several have, the first in this order), ramda and underscore the queries, where the skill
 * is another's. Nothing of those packages is part of this repository.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { skillDocument, type JudgedQuery, type RetrievalSet } from "./retrieval-set.ts";

const PACKAGES = ["lodash", "mathjs", "date-fns", "ramda", "underscore"] as const;

/** Larger files are whole libraries. */
const MAX_FILE_CHARACTERS = 20_000;

/** A library's function as its source file has it. */
interface Described {
  readonly name: string;
  readonly source: string;
  readonly description: string;
  /** Its first paragraph. */
  readonly summary: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly code: string;
}

/** @returns `undefined` when one of the packages is not in the folder */
export function functionSet(modules: string): RetrievalSet | undefined {
  if (PACKAGES.some((name) => !existsSync(join(modules, name)))) return undefined;
  const ramda = describedIn("ramda", join(modules, "ramda/src"), /@func\b/u);
  const sources = [
    describedIn("lodash", join(modules, "lodash"), /@category\b/u),
    describedIn("mathjs", join(modules, "mathjs/lib/esm/function"), /\bSyntax:/u),
    describedIn("date-fns", join(modules, "date-fns"), /@name\b/u),
    ramda,
  ];
  const skills = new Map<string, Described>();
  for (const each of sources.flat()) if (!skills.has(each.name)) skills.set(each.name, each);

  const asked = [...ramda, ...underscoreFunctions(join(modules, "underscore/modules"))];
  const queries = asked.flatMap((each): readonly JudgedQuery[] => {
    const skill = skills.get(each.name);
    const text = withoutName(each.summary, each.name);
    return skill === undefined || skill.source === each.source || text === ""
      ? []
      : [{ text, right: [idOf(skill)] }];
  });
  const documents = [...skills.values()].map((skill) =>
    skillDocument({ ...skill, id: idOf(skill) }),
  );
  return { name: "functions", documents, queries };
}

function idOf({ source, name }: Described): string {
  return `${source}/${name.replaceAll(/(?<=[a-z0-9])(?=[A-Z])/gu, "_").toLowerCase()}`;
}

/** The functions whose file documents them in a block that has the mark. */
function describedIn(source: string, folder: string, mark: RegExp): readonly Described[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter(
      (file) =>
        /(?:^|\/)[a-z][A-Za-z0-9]*\.js$/u.test(file) &&
        !/^(?:fp|internal|fp\/.*|locale.*|_.*)\//u.test(file),
    )
    .toSorted()
    .flatMap((file): readonly Described[] => {
      const name = file.replace(/^.*\/|\.js$/gu, "");
      const text = readFileSync(join(folder, file), "utf8");
      if (text.length > MAX_FILE_CHARACTERS) return [];
      const block = [...text.matchAll(/\/\*\*[\s\S]*?\*\//gu)].findLast(([doc]) => mark.test(doc));
      if (block === undefined) return [];
      const comment = plainText(block[0]);
      const said = saidIn(comment);
      const description = oneLine(said);
      if (description === "") return [];
      const code = codeOf(text.replace(block[0], ""), name);
      const summary = paragraph(said);
      return [{ name, source, description, summary, parameters: parametersOf(comment), code }];
    });
}

/** A comment above the function, of lines that begin with two slashes. */
function underscoreFunctions(folder: string): readonly Described[] {
  return readdirSync(folder)
    .filter((file) => /^[a-z][A-Za-z0-9]*\.js$/u.test(file))
    .toSorted()
    .flatMap((file): readonly Described[] => {
      const name = file.replace(/\.js$/u, "");
      const text = readFileSync(join(folder, file), "utf8");
      const [, lines = ""] = /((?:^\/\/.*\n)+)export default /mu.exec(text) ?? [];
      const said = lines.replaceAll(/^\/\/ ?/gmu, "").trim();
      if (said === "") return [];
      const [description, summary] = [oneLine(said), paragraph(said)];
      return [{ name, source: "underscore", description, summary, parameters: {}, code: "" }];
    });
}

function plainText(block: string): string {
  return block
    .slice(3, -2)
    .replaceAll(/^ *\* ?/gmu, "")
    .trim();
}

/** What is said before the first tag or heading; date-fns says it in a tag of its own. */
function saidIn(comment: string): string {
  const tagged = /@description\s+([\s\S]*?)(?=\n@|$)/u.exec(comment)?.[1] ?? comment;
  const [said = ""] = tagged.split(/^(?:@\w|Syntax:|\*\*You don't need date-fns)/mu);
  return said.trim();
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/gu, " ").trim().slice(0, 1024);
}

function paragraph(text: string): string {
  return oneLine(text.split(/\n\s*\n/u)[0] ?? "");
}

function parametersOf(comment: string): Readonly<Record<string, string>> {
  const found = comment.matchAll(/^@param\s+(?:\{[^}]*\}\s+)?\[?(\w+)[^\s]*\]?\s*-?\s*([^@]*)/gmu);
  return Object.fromEntries(
    [...found].map(([, name = "", about = ""]) => [name, about.replaceAll(/\s+/gu, " ").trim()]),
  );
}

/** The file as a module that imports nothing and gives the function. */
function codeOf(text: string, name: string): string {
  const body = text
    .replaceAll(/\/\*\*[\s\S]*?\*\//gu, "")
    .replaceAll(/^import [^;]*;$/gmu, "")
    .replaceAll(/^export (?:default \w+|\{[^}]*\});?$/gmu, "")
    .replaceAll(/^export (?=var|let|const|function|class)/gmu, "")
    .trim();
  return `${body}\nexport default () => typeof ${name};\n`;
}

function withoutName(description: string, name: string): string {
  return description
    .replaceAll(/`[^`]*`/gu, (code) => (code.includes(name) ? " " : code))
    .replaceAll(new RegExp(`\\b(?:R|_)?\\.?${name}\\b`, "giu"), " ")
    .replaceAll(/\s+/gu, " ")
    .trim();
}
