import { words } from "es-toolkit";
import type { JsonObject } from "../../src/base/json.ts";
import { LIMITS } from "../../src/base/limits.ts";
import type { SkillDraft, SkillExample } from "../../src/skill/skill.ts";
import type { Declaration, Parameter } from "./declaration.ts";
import { widenParameters, widenSchema } from "./documented-schema.ts";
import type { LibraryFunction } from "./find-functions.ts";

/** Everything a draft is made of. */
export interface DraftParts {
  readonly fn: LibraryFunction;
  readonly declaration: Declaration;
  readonly examples: readonly SkillExample[];
  readonly code: string;
  readonly version: string;
}

const FUNCTIONS_NOTE =
  'A function is passed as its source text, such as { "$function": "x => x + 1" }, and must not refer to anything outside itself';

/** `isJSONValue` is `es-toolkit/is_json_value`. */
function skillId({ name, compat }: LibraryFunction): string {
  return `${compat ? "es-toolkit-compat" : "es-toolkit"}/${words(name).join("_").toLowerCase()}`;
}

export function draftOf({ fn, declaration, examples, code, version }: DraftParts): SkillDraft {
  const parameters = widenParameters(declaration.parameters, examples);
  const output = widenSchema(
    declaration.output,
    examples.map(({ result }) => result),
  );
  return {
    id: skillId(fn),
    name: humanName(fn),
    description: shorten(declaration.summary, LIMITS.descriptionLength),
    category: fn.folder.split("/")[0] ?? "general",
    tags: ["es-toolkit", fn.folder.replace("/", "-"), ...(fn.compat ? ["lodash-compatible"] : [])],
    language: "javascript",
    code,
    input: {
      ...(JSON.stringify(examples).includes('"$function"') && { description: FUNCTIONS_NOTE }),
      ...inputSchema(parameters),
    },
    ...(Object.keys(output).length > 0 && { output }),
    examples: examples.slice(0, LIMITS.exampleCount),
    author: "es-toolkit contributors",
    license: "MIT",
    metadata: { package: "es-toolkit", version, source: fn.source },
  };
}

/** `flatMapDeep` is "Flat map deep"; words in capitals stay. */
function humanName({ name, compat }: LibraryFunction): string {
  const lower = words(name).map((word) => (/^[A-Z]{2,}$/.test(word) ? word : word.toLowerCase()));
  const text = lower.join(" ");
  const capitalized = text.charAt(0).toUpperCase() + text.slice(1);
  return compat ? `${capitalized} (lodash-compatible)` : capitalized;
}

function inputSchema(parameters: readonly Parameter[]): JsonObject {
  const required = parameters.filter((parameter) => parameter.required).map(({ name }) => name);
  return {
    type: "object",
    properties: Object.fromEntries(
      parameters.map(({ name, schema, description }) => [
        name,
        description === undefined ? schema : { ...schema, description },
      ]),
    ),
    ...(required.length > 0 && { required }),
    additionalProperties: false,
  };
}

/** Cuts at the end of a sentence where there is one. */
function shorten(text: string, length: number): string {
  if (text.length <= length) return text;
  const cut = text.slice(0, length - 1);
  const sentence = cut.lastIndexOf(". ");
  return sentence > length / 2 ? cut.slice(0, sentence + 1) : `${cut}…`;
}
