import { expect, test } from "vitest";
import { nearest } from "./nearest.ts";

test("suggests what was probably meant", () => {
  const fields = ["description", "category", "context", "fetch", "tags"];
  expect(nearest("desciption", fields)).toBe("description");
  expect(nearest("fecth", fields)).toBe("fetch");
  expect(nearest("Contxt", fields)).toBe("context");
  expect(nearest("tag", fields)).toBe("tags");
});

test("suggests nothing when nothing is close", () => {
  expect(nearest("colour", ["description", "tags"])).toBeUndefined();
  expect(nearest("x".repeat(100_000), ["description"])).toBeUndefined();
});
