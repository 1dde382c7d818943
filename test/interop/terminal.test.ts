/** What a person sees: the program in a real terminal of 80 columns, driven by keys and read from the screen. */
import assert from "node:assert/strict";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { encryptTo } from "../../src/age/file.ts";
import { parseRecipient } from "../../src/age/recipient.ts";
import { run } from "../../src/repo/program.ts";
import { type Sample, sampleFleet } from "../cli/sample.ts";
import { openScreen } from "./screen.ts";

test("pick a secret by typing parts of its name, edit it, and see what was saved", async (t) => {
  const fleet = await sampleFleet(t);
  const editor = join(dirname(fleet.root), "editor.sh");
  await writeFile(editor, '#!/bin/sh\nprintf picked > "$1"\n');
  await chmod(editor, 0o755);
  const screen = await openScreen(t, fleet, { EDITOR: editor });
  await screen.type("secrets edit", "Enter");
  const list = await screen.shows(/❯ secrets\/services\/mailer\.env/);
  assert.ok(list.split("\n").every((line) => [...line].length <= 80));
  await screen.type("dns web");
  await screen.shows(/❯ vars\/web01\/acme\/dns-token +ada, bruno, web01[\s\S]*read by ada, bruno, web01/);
  await screen.type("Enter");
  await screen.shows(/done: change vars\/per-machine\/web01\/acme\/dns-token\/secret/);
  assert.equal((await fleet.secrets(["get", "vars/web01/acme/dns-token"])).stdout.toString(), "picked");
});

test("Ctrl-C in the picker changes nothing and ends with 130", async (t) => {
  const fleet = await sampleFleet(t);
  const screen = await openScreen(t, fleet);
  await screen.type("secrets edit; echo code=$?", "Enter");
  await screen.shows(/❯ /);
  await screen.type("C-c");
  await screen.shows(/stopped; nothing was changed[\s\S]*code=130/);
});

test("a value is typed twice and never shown", async (t) => {
  const fleet = await sampleFleet(t);
  const screen = await openScreen(t, fleet);
  await screen.type("secrets set vars/web01/acme/dns-token", "Enter");
  await screen.shows(/Value for vars\/web01\/acme\/dns-token/);
  await screen.type("hunter2", "Enter");
  await screen.shows(/Again/);
  await screen.type("hunter2", "Enter");
  const after = await screen.shows(/done: set/);
  assert.doesNotMatch(after, /hunter2/);
  assert.equal((await fleet.secrets(["get", "vars/web01/acme/dns-token"])).stdout.toString(), "hunter2");
});

test("a passphrase is asked for on the terminal although stdin is a pipe, and only when it is needed", async (t) => {
  const fleet = await sampleFleet(t);
  const home = join(dirname(fleet.root), "home");
  await mkdir(join(home, ".ssh"), { mode: 0o700 });
  const key = join(home, ".ssh/id_ed25519");
  await run(["ssh-keygen", "-q", "-t", "ed25519", "-a", "1", "-N", "pw", "-f", key]);
  const line = (await readFile(`${key}.pub`, "utf8")).trim();
  // The document's own entry for ada is made one for the SSH key.
  const file = "vars/per-machine/web01/acme/dns-token/secret";
  const content = JSON.parse(await fleet.read(file));
  const dataKey = await openedBy(fleet, content.sops.age);
  content.sops.age = [{ recipient: line, enc: await encryptTo([parseRecipient(line)], dataKey) }];
  await writeFile(join(fleet.root, file), JSON.stringify(content));
  const screen = await openScreen(t, fleet);
  await screen.type("secrets get 'secrets/users/ada.sops.yaml#github/user'", "Enter");
  await screen.shows(/ada-k/);
  await screen.type("printf piped | secrets set vars/web01/acme/dns-token -", "Enter");
  await screen.shows(/Passphrase for the SSH key/);
  await screen.type("pw", "Enter");
  await screen.shows(/done: set/);
  await screen.type("secrets get vars/web01/acme/dns-token", "Enter");
  await screen.shows(/Passphrase for[\s\S]*Passphrase for/);
  await screen.type("pw", "Enter");
  await screen.shows(/piped/);
});

async function openedBy(fleet: Sample, entries: readonly { recipient: string; enc: string }[]): Promise<Uint8Array> {
  const { parseIdentities } = await import("../../src/age/identity.ts");
  const { decryptWith } = await import("../../src/age/file.ts");
  const { identities } = await parseIdentities(await readFile(fleet.keyOf("ada"), "utf8"), "ada");
  for (const { recipient, enc } of entries) {
    if (!identities.some((identity) => identity.recipients.includes(recipient))) continue;
    const opened = await decryptWith(identities, enc);
    if (opened !== null) return opened;
  }
  return assert.fail("ada cannot open it");
}

test("a whole document is asked for before it is shown, and a binary value is not shown", async (t) => {
  const fleet = await sampleFleet(t);
  await fleet.secrets(["set", "vars/web01/acme/dns-token", "-"], { stdin: Uint8Array.of(0, 255, 27) });
  const screen = await openScreen(t, fleet);
  await screen.type("secrets get secrets/users/ada.sops.yaml", "Enter");
  await screen.shows(/Show all of secrets\/users\/ada\.sops\.yaml on this terminal\?/);
  await screen.type("y", "Enter");
  await screen.shows(/user: ada-k/);
  await screen.type("clear; secrets get vars/web01/acme/dns-token; echo code=$?", "Enter");
  await screen.shows(/this value is binary \(3 bytes\)[\s\S]*code=3/);
});
