/**
 * How a skill becomes text: the columns of the keyword table, and the one text that is embedded.
 *
 * bm25 takes the length of a document, so a skill whose parameters repeat what it is for would otherwise
 * lose to one that has none; and long code would repeat its words often. Hence all but the name and the
 * description count by distinct words that no column before them has. That added
 * 0.3 to 0.6 points of nDCG@10 on three sets, and took nothing from any.
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
  /** Words of tags, category and id. */
  readonly tags: string;
  readonly parameters: string;
  readonly instructions: string;
  /** Words of identifiers, string literals and comments. */
  readonly code: string;
}

/** The words of a document, column by column, each of bounded size. */
export function documentColumns(document: IndexDocument): DocumentColumns {
  const { summary } = document;
  const said = new Set<string>();
  const column = (words: readonly string[]): string => {
    for (const word of words) said.add(word);
    return words.join(" ");
  };
  const news = (text: string): readonly string[] =>
    distinctWords(text).filter((word) => !said.has(word));
  return {
    name: column(splitWords(summary.name)),
    description: column(splitWords(summary.description)),
    tags: column(news([...summary.tags, summary.category, summary.id].join(" "))),
    parameters: column(news(document.parameters.slice(0, MAX_PARAMETER_CHARACTERS))),
    instructions: column(news(document.instructions.slice(0, MAX_INSTRUCTION_CHARACTERS))),
    code: column(
      news(document.code.slice(0, MAX_CODE_CHARACTERS)).filter((word) => !CODE_NOISE.has(word)),
    ),
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
