/** What the pinned binary offers its glue. */
import type { WasmMemory } from "./web-assembly.ts";

/** Address of a boxed guest value. */
export type Box = number;

/** The exports of the binary that are used. */
export interface Exports {
  readonly memory: WasmMemory;
  readonly __stack_pointer: { value: unknown };
  _initialize(): void;
  qjs_init2(intrinsics: number): number;
  qjs_eval(code: number, length: number, file: number, flags: number): Box;
  qjs_call(callee: Box, self: Box, count: number, values: number): Box;
  qjs_new_host_function(name: number, length: number, count: number): Box;
  qjs_new_string(text: number, length: number): Box;
  qjs_new_number(value: number): Box;
  qjs_get_undefined(): Box;
  qjs_get_float64(box: Box): number;
  qjs_get_string_len(box: Box, length: number): number;
  qjs_free_cstring(text: number): void;
  qjs_get_prop_string(box: Box, name: number): Box;
  qjs_is_exception(box: Box): number;
  qjs_is_string(box: Box): number;
  qjs_is_number(box: Box): number;
  qjs_is_promise(box: Box): number;
  qjs_get_exception(): Box;
  qjs_free_value(box: Box): void;
  qjs_promise_state(box: Box): number;
  qjs_promise_result(box: Box): Box;
  qjs_promise_mark_as_handled(box: Box): void;
  qjs_set_promise_rejection_handler(enable: number): void;
  qjs_get_value_ptr(box: Box): number;
  qjs_is_job_pending(): number;
  qjs_execute_pending_job(): number;
  qjs_set_memory_limit(bytes: number): void;
  qjs_set_max_stack_size(bytes: number): void;
  qjs_set_interrupt_handler(enable: number): void;
  qjs_compute_memory_usage(fields: number): void;
  wasm_malloc(bytes: number): number;
  wasm_free(address: number): void;
}
