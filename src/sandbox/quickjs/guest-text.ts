/** Text in and out of an engine's memory. Short ASCII is copied without a call out of JavaScript. */

const SHORT_BYTES = 48;
const ASCII_END = 0x80;

/** A byte order mark is a character like any other: without it a name would be another name. */
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Writes a text of `length` bytes in UTF-8, and the zero that ends it for the engine. */
export function writeUtf8(bytes: Buffer, at: number, text: string, length: number): void {
  if (length <= SHORT_BYTES && length === text.length) {
    for (let index = 0; index < length; index++) bytes[at + index] = text.charCodeAt(index);
  } else {
    bytes.write(text, at, length, "utf8");
  }
  bytes[at + length] = 0;
}

/** The text in these bytes; what is no UTF-8 is replaced. */
export function readUtf8(bytes: Buffer, at: number, length: number): string {
  const end = at + length;
  if (length > SHORT_BYTES) return decoder.decode(bytes.subarray(at, end));
  let text = "";
  for (let index = at; index < end; index++) {
    const code = bytes[index] as number;
    if (code >= ASCII_END) return decoder.decode(bytes.subarray(at, end));
    text += String.fromCharCode(code);
  }
  return text;
}
