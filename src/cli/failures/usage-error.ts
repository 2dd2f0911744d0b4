/** The command line itself is wrong. The library knows no such error, so it is not one of its codes. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "UsageError";
  }
}
