import { expect } from "vitest";
import { RepertoireError } from "../../src/base/errors.ts";

/** The library's error a call rejects with; fails the test when it succeeds or fails in another way. */
export async function rejection(work: Promise<unknown>): Promise<RepertoireError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(RepertoireError);
  return error as RepertoireError;
}

/** The errors of calls made at once: of each one it is known from the start that it may reject. */
export function rejections(works: readonly Promise<unknown>[]): Promise<RepertoireError[]> {
  return Promise.all(works.map(rejection));
}

/** The library's error a synchronous call throws. */
export function thrown(work: () => unknown): RepertoireError {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(RepertoireError);
    return error as RepertoireError;
  }
  return expect.unreachable("nothing was thrown");
}
