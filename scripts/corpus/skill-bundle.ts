/**
 * Bundles one function into a self-contained ES module `(context) => result`: named parameters
 * become positional arguments, and `{ "$function": source }` becomes a function. The source is
 * evaluated where the skill runs, which is the sandbox.
 */
import { build } from "rolldown";
import type { JsonObject } from "../../src/base/json.ts";
import type { Parameter } from "./declaration.ts";
import { PACKAGE_ROOT, type LibraryFunction } from "./find-functions.ts";

const REVIVE = `function revive(value) {
  if (typeof value !== "object" || value === null) return value;
  if (typeof value.$function === "string") return (0, eval)("(" + value.$function + "\\n)");
  for (const key of Object.keys(value)) value[key] = revive(value[key]);
  return value;
}
`;

/** @returns the module's text */
export async function bundleSkill(
  { name, source }: LibraryFunction,
  parameters: readonly Parameter[],
): Promise<string> {
  // Beside the function, so that its import stays relative.
  const entry = `${PACKAGE_ROOT}${source.replace(/\.mjs$/, ".skill.mjs")}`;
  const { output } = await build({
    input: entry,
    write: false,
    logLevel: "silent",
    plugins: [
      {
        name: "skill-entry",
        resolveId: { filter: { id: /\.skill\.mjs$/ }, handler: (id) => id },
        load: { filter: { id: /\.skill\.mjs$/ }, handler: () => entrySource(name, parameters) },
      },
    ],
    output: { format: "esm", comments: false },
  });
  if (output.length !== 1) throw new Error(`Expected one chunk for ${name}, got ${output.length}`);
  return output[0].code.replace(/^\/\/ (node_modules|scripts)\/.*\n/gm, "");
}

function entrySource(name: string, parameters: readonly Parameter[]): string {
  const values = parameters.map((parameter) => {
    const value = `context[${JSON.stringify(parameter.name)}]`;
    return parameter.rest ? `...(${value} ?? [])` : value;
  });
  const revives = parameters.some(mayHoldFunction);
  // Under another name, so that the wrapper's own names can not hide it.
  return `import { ${name} as skill } from "./${name}.mjs";
${revives ? REVIVE : ""}export default function (context) {
  const values = [${values.join(", ")}]${revives ? ".map(revive)" : ""};
  // An absent argument is not passed at all; some functions count theirs.
  while (values.length > 0 && values.at(-1) === undefined) values.pop();
  return skill(...values);
}
`;
}

/** Whether a value of this parameter may contain a function somewhere. */
function mayHoldFunction({ schema }: { readonly schema: JsonObject }): boolean {
  const { type, items, anyOf } = schema;
  if (Array.isArray(anyOf))
    return anyOf.some((member) => mayHoldFunction({ schema: member as JsonObject }));
  if (type === "array" && items) return mayHoldFunction({ schema: items as JsonObject });
  const scalar = ["string", "number", "boolean", "null"].some((name) => name === type);
  return !scalar && !("const" in schema) && !("enum" in schema);
}
