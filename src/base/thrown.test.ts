import fc from "fast-check";
import { expect, test } from "vitest";
import { describeThrown } from "./thrown.ts";

test("an error is its name, message and code", () => {
  const error = Object.assign(new TypeError("no"), { code: "E_NO" });
  expect(describeThrown(error, "failed")).toEqual({
    name: "TypeError",
    message: "no",
    code: "E_NO",
  });
  expect(describeThrown("text", "failed")).toEqual({ name: "Error", message: "text" });
});

test("what can not be read is replaced, and never thrown again", () => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  const getter = {
    get message() {
      throw new Error("secret");
    },
  };
  const odd = Object.assign(new Error("x"), { name: Symbol("n"), message: () => 1, code: 5 });
  for (const thrown of [
    proxy,
    getter,
    odd,
    null,
    undefined,
    Object.create(null),
    Symbol("s"),
    5n,
  ]) {
    expect(describeThrown(thrown, "the tool failed")).toEqual({
      name: "Error",
      message: "the tool failed",
    });
  }
});

test("whatever it is, it can be sent to another thread, and is short", () => {
  fc.assert(
    fc.property(fc.anything(), (thrown) => {
      const text = describeThrown(thrown, "failed");
      expect(structuredClone(text)).toEqual(text);
      expect(JSON.stringify(text).length).toBeLessThan(60_000);
    }),
  );
});
