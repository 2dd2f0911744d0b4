/** In a library's directory: a restoration that is decided, and finished by whoever opens the library. */
export const OPEN_RESTORATION = ".restore-committed";
