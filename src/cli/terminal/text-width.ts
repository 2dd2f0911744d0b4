/** How text is laid out in a terminal: what it shows, how wide it is, and how it is cut. */
import { stripVTControlCharacters } from "node:util";

const WIDE =
  /[\u1100-\u115F\u2E80-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6]|\p{Emoji_Presentation}|[\u{20000}-\u{3FFFD}]/u;
const ZERO = /^(?:\p{Mark}|[\u200B-\u200F])+$/u;
// oxlint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u2028\u2029\u202A-\u202E\u2066-\u2069]/g;
/** JSON escapes the controls below U+0020 itself; all of these can only stand within its texts. */
const UNSAFE_IN_JSON = /[\u007F-\u009F\u061C\u200E\u200F\u2028\u2029\u202A-\u202E\u2066-\u2069]/g;
const ASCII = /^[\u0020-\u007E]*$/;

/** Made when it is first needed: few texts need it, and it is slow to make. */
let segmenter: Intl.Segmenter | undefined;

/**
 * Text of unknown origin made safe to show: escape sequences and other control characters, which
 * could rewrite the screen, are replaced; line breaks and tabs stay.
 */
export function printable(text: string): string {
  return text.replaceAll("\r\n", "\n").replace(CONTROL, "\uFFFD");
}

/**
 * Text of unknown origin whose further lines are indented, so that none of them can pass for a line
 * of ours; those that are indented already stay.
 */
export function indented(text: string): string {
  return printable(text).replaceAll(/\n(?! {2})/g, "\n  ");
}

/** JSON that means the same, without a character that could rewrite or reorder a terminal's text. */
export function printableJson(value: unknown, indentation?: number): string {
  return JSON.stringify(value, undefined, indentation).replaceAll(
    UNSAFE_IN_JSON,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Text of unknown origin as one line. */
export function oneLine(text: string): string {
  return printable(text).replaceAll(/\s+/g, " ").trim();
}

/** Columns the text takes, colours not counted. */
export function textWidth(text: string): number {
  const plain = stripVTControlCharacters(text);
  if (ASCII.test(plain)) return plain.length;
  let width = 0;
  for (const { segment } of graphemes(plain)) width += segmentWidth(segment);
  return width;
}

/** The text, cut to `width` columns with an ellipsis when it is longer. It must be free of colours. */
export function cutToWidth(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  let kept = "";
  let used = 0;
  for (const { segment } of graphemes(text)) {
    used += segmentWidth(segment);
    if (used > width - 1) break;
    kept += segment;
  }
  return `${kept}…`;
}

function segmentWidth(segment: string): number {
  if (ZERO.test(segment)) return 0;
  return WIDE.test(segment) ? 2 : 1;
}

function graphemes(text: string): Intl.Segments {
  segmenter ??= new Intl.Segmenter("en", { granularity: "grapheme" });
  return segmenter.segment(text);
}
