import assert from "node:assert/strict";
import { test } from "node:test";
import { openTerminal, type TerminalSettings } from "../../../src/cli/terminal/terminal.ts";

function settings(changes: Partial<TerminalSettings> = {}, tty = true) {
  const written: string[] = [];
  const stream = {
    isTTY: tty,
    columns: 80,
    write: (chunk: string | Uint8Array, done?: () => void) => {
      written.push(typeof chunk === "string" ? chunk : Buffer.from(chunk).toString("latin1"));
      done?.();
      return true;
    },
  };
  return {
    written,
    terminal: openTerminal({
      stdout: stream,
      stderr: stream,
      stdinIsTerminal: true,
      env: {},
      color: "auto",
      noInput: false,
      ...changes,
    }),
  };
}

const COLOUR: readonly [string, Partial<TerminalSettings>, boolean, boolean][] = [
  ["a terminal", {}, true, true],
  ["a pipe", {}, false, false],
  ["NO_COLOR", { env: { NO_COLOR: "1" } }, true, false],
  ["an empty NO_COLOR counts for nothing", { env: { NO_COLOR: "" } }, true, true],
  ["TERM=dumb", { env: { TERM: "dumb" } }, true, false],
  ["FORCE_COLOR beats NO_COLOR, in a pipe too", { env: { FORCE_COLOR: "1", NO_COLOR: "1" } }, false, true],
  ["--color=never beats FORCE_COLOR", { env: { FORCE_COLOR: "1" }, color: "never" }, true, false],
  ["--color always in a pipe", { color: "always" }, false, true],
];

for (const [name, changes, tty, expected] of COLOUR) {
  test(`colour: ${name}`, () => assert.equal(settings(changes, tty).terminal.colour.stdout, expected));
}

const ASKING: readonly [string, Partial<TerminalSettings>, boolean, boolean][] = [
  ["a terminal", {}, true, true],
  ["stdin is a pipe", { stdinIsTerminal: false }, true, false],
  ["stderr is a file", {}, false, false],
  ["--no-input", { noInput: true }, true, false],
  ["CI", { env: { CI: "true" } }, true, false],
];

for (const [name, changes, tty, expected] of ASKING) {
  test(`may ask: ${name}`, () => assert.equal(settings(changes, tty).terminal.interactive, expected));
}

test("bytes go out as they are, without a newline", async () => {
  const { terminal, written } = settings();
  await terminal.write(Uint8Array.of(0, 255, 10));
  assert.deepEqual(written, ["\u0000ÿ\n"]);
});
