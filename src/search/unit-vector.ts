import { RepertoireError } from "../base/errors.ts";

/**
 * The components as a vector of length one; one of zeros stays as it is.
 *
 * @param owner what the message calls the vector
 * @throws {EMBEDDER_UNAVAILABLE} when a component is no finite number, or there are not `dimensions`
 */
export function unitVector(
  components: ArrayLike<unknown>,
  dimensions: number | undefined,
  owner: string,
): Float32Array {
  const { length } = components;
  if (length === 0 || (dimensions !== undefined && length !== dimensions)) {
    throw wrongVector(owner, `${dimensions ?? "some"} components`, String(length));
  }
  let largest = 0;
  for (let i = 0; i < length; i++) {
    const component = components[i];
    if (typeof component !== "number" || !Number.isFinite(component))
      throw wrongVector(owner, "finite numbers", `${String(component)} at ${i}`);
    largest = Math.max(largest, Math.abs(component));
  }
  if (largest === 0) return new Float32Array(length);
  // By the largest first, so that no square is beyond what a number can hold.
  const scaled = Float64Array.from({ length }, (_, i) => (components[i] as number) / largest);
  const factor = 1 / Math.sqrt(scaled.reduce((sum, component) => sum + component * component, 0));
  return Float32Array.from(scaled, (component) => component * factor);
}

/** Rounding of 32-bit floats, and of models that publish four decimals, stays below it. */
const UNIT_TOLERANCE = 1e-3;

/** Whether it can be used as it is: of so many finite components, and of length one or all zeros. */
export function isUnitVector(vector: unknown, dimensions: number): vector is Float32Array {
  if (!(vector instanceof Float32Array) || vector.length !== dimensions) return false;
  const square = vector.reduce((sum, component) => sum + component * component, 0);
  return square === 0 || Math.abs(square - 1) < UNIT_TOLERANCE;
}

export function isArrayLike(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && "length" in value);
}

function wrongVector(owner: string, expected: string, found: string): RepertoireError {
  return new RepertoireError(
    "EMBEDDER_UNAVAILABLE",
    `Expected the vector of ${owner} to have ${expected}, got ${found}`,
  );
}
