/**
 * Thrown where an example or a function can not become part of the corpus; the message is the
 * reason that is reported, such as `a Map is not JSON`.
 */
export class Unusable extends Error {
  override readonly name = "Unusable";
}
