import assert from "node:assert/strict";
import { test } from "node:test";
import { takeGlobalOptions } from "../../src/cli/global-options.ts";

test("global options are taken from anywhere before --", () => {
  assert.deepEqual(takeGlobalOptions(["ls", "-C", "/x", "--no-input", "--color=never", "web"]), {
    directory: "/x",
    color: "never",
    noInput: true,
    rest: ["ls", "web"],
  });
});

test("what stands behind -- belongs to the command", () => {
  assert.deepEqual(takeGlobalOptions(["get", "--", "-C"]).rest, ["get", "--", "-C"]);
});

test("an option without its value, or with an unknown one, is refused", () => {
  assert.throws(() => takeGlobalOptions(["ls", "-C"]), { code: "E_USAGE", kind: "usage" });
  assert.throws(() => takeGlobalOptions(["--color", "pink"]), { code: "E_USAGE" });
});
