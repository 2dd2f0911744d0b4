/**
 * How a skill becomes text: the columns of the keyword table, and the one text that is embedded.
 *
 * Long fields count by their distinct words: bm25 takes the length of the whole document, so a skill
 * with a page of code would otherwise lose to one with a line of it.
 */
import type { IndexDocument } from "./search-index.ts";
import { spellOutIdentifiers, splitWords } from "./words.ts";

const MAX_PARAMETER_CHARACTERS = 16 * 1024;
const MAX_INSTRUCTION_CHARACTERS = 16 * 1024;
const MAX_CODE_CHARACTERS = 64 * 1024;
const MAX_DISTINCT_WORDS = 1000;

/** The embedder reads about 250 tokens; this is more than enough of them. */
const MAX_EMBEDDED_CHARACTERS = 4096;

/** Words of every program, which tell no skill from another. */
const CODE_NOISE: ReadonlySet<string> = new Set(
  `async await break case catch class const context continue default delete do else export extends
  false finally for from function host if import in instanceof interface let new null number object of
  return static string super switch this throw true try type typeof undefined unknown var void while
  yield`.split(/\s+/u),
);

/** One document as the keyword table stores it: words separated by spaces. */
export interface DocumentColumns {
  readonly name: string;
  readonly description: string;
  /** Tags, category and the words of the id that the name does not have. */
  readonly tags: string;
  readonly parameters: string;
  readonly instructions: string;
  /** Distinct words of identifiers, string literals and comments. */
  readonly code: string;
}

/** The words of a document, column by column, each of bounded size. */
export function documentColumns(document: IndexDocument): DocumentColumns {
  const { summary } = document;
  const name = splitWords(summary.name);
  const inName = new Set(name);
  const labels = distinctWords([...summary.tags, summary.category, summary.id].join(" "));
  return {
    name: name.join(" "),
    description: splitWords(summary.description).join(" "),
    tags: labels.filter((word) => !inName.has(word)).join(" "),
    parameters: splitWords(document.parameters.slice(0, MAX_PARAMETER_CHARACTERS)).join(" "),
    instructions: distinctWords(document.instructions.slice(0, MAX_INSTRUCTION_CHARACTERS)).join(
      " ",
    ),
    code: distinctWords(document.code.slice(0, MAX_CODE_CHARACTERS))
      .filter((word) => !CODE_NOISE.has(word))
      .join(" "),
  };
}

/** The part of a document that {@link embeddingText} reads. */
export type EmbeddedDocument = Pick<IndexDocument, "parameters"> & {
  readonly summary: Pick<IndexDocument["summary"], "name" | "description" | "tags">;
};

/** The text to embed for a document: what it is called, what it does, what it takes. */
export function embeddingText(document: EmbeddedDocument): string {
  const { name, description, tags } = document.summary;
  const text = [name, description, document.parameters, tags.join(" ")]
    .filter((part) => part !== "")
    .join(". ");
  return spellOutIdentifiers(text.slice(0, MAX_EMBEDDED_CHARACTERS));
}

function distinctWords(text: string): string[] {
  return [...new Set(splitWords(text))].slice(0, MAX_DISTINCT_WORDS);
}
