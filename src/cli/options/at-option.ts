import { Option } from "commander";
import type { LibraryView, SkillLibrary } from "../../index.ts";
import { wholeNumber } from "./numbers.ts";

export interface AtFlags {
  readonly at?: number;
}

/** What a view of the library can do as the library itself can. */
export type Reader = Pick<SkillLibrary, Exclude<keyof LibraryView, "revision">>;

/** The option of every command that only reads and runs. */
export function atOption(): Option {
  return new Option(
    "--at <revision>",
    "as the library was at this revision (default: as it is)",
  ).argParser(wholeNumber(0));
}

/** The library as it is, or as it was. */
export async function readerOf(library: SkillLibrary, { at }: AtFlags): Promise<Reader> {
  return at === undefined ? library : library.at(at);
}
