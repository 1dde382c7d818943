/**
 * A plugin that speaks the protocol of C2SP age-plugin as a program of its own: `age-plugin-test`. Its "hardware" is 32
 * bytes that recipient and identity both state, which protects nothing. How it behaves is said by TEST_PLUGIN, words:
 * `pin` asks for a secret and wants 1234, `touch` says so before each file, `confirm` asks for leave, `grease` sends
 * what nobody knows, `acknowledge` wants to be read, `paint` sends what a terminal obeys, `refuse`, `crash`, `garble`,
 * `mute` and `double` fail in their ways.
 *
 * One line a session goes to TEST_PLUGIN_LOG: the machine, how many files it was for, and its process.
 */
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { appendFileSync } from "node:fs";
import { decodeBech32 } from "../../../src/age/bech32.ts";
import { formatStanza, StanzaReader } from "../../../src/age/plugin/stanza-stream.ts";

const machine = process.argv[2]?.replace(/^--age-plugin=/, "") ?? "";
const modes = new Set((process.env["TEST_PLUGIN"] ?? "").split(" "));
// As hardware does it: to seal to a key takes nobody.
const opens = machine === "identity-v1";
const reader = new StanzaReader(process.stdin);

const keys: Uint8Array[] = [];
const files: { args: readonly string[]; body: Uint8Array }[][] = [];
for (;;) {
  const stanza = await reader.next();
  if (stanza === null) process.exit(1);
  const [command, ...args] = stanza.args;
  if (command === "done") break;
  if (command === "add-recipient" || command === "add-identity") keys.push(keyOf(args[0] ?? ""));
  if (command === "wrap-file-key") files.push([{ args: [], body: stanza.body }]);
  if (command === "recipient-stanza") {
    const index = Number(args[0]);
    files[index] = [...(files[index] ?? []), { args: args.slice(1), body: stanza.body }];
  }
}
const log = process.env["TEST_PLUGIN_LOG"];
if (log !== undefined) appendFileSync(log, `${machine} ${files.length} ${process.pid}\n`);

if (modes.has("crash")) process.exit(3);
if (modes.has("garble")) {
  process.stdout.write("hello there\n");
  process.exit(0);
}
if (modes.has("mute")) await new Promise((resolve) => setTimeout(resolve, 60_000));
if (modes.has("grease")) await ask(["grease-abc", "x"], randomBytes(100));
if (opens && modes.has("pin")) {
  const answer = await ask(["request-secret"], Buffer.from("PIN for the test key"));
  if (answer.args[0] !== "ok" || Buffer.from(answer.body).toString() !== "1234") await give("wrong PIN");
}
if (opens && modes.has("confirm")) {
  const yes = Buffer.from("Go on").toString("base64").replace(/=+$/, "");
  const no = Buffer.from("Leave it").toString("base64").replace(/=+$/, "");
  const answer = await ask(["confirm", yes, no], Buffer.from("Use the test key?"));
  if (answer.args[1] !== "yes") await give("not allowed");
}
if (opens && modes.has("acknowledge")) {
  const answer = await ask(
    ["confirm", Buffer.from("Seen").toString("base64").replace(/=+$/, "")],
    Buffer.from("Look!"),
  );
  if (answer.args[1] !== "yes") await give("not seen");
}
if (modes.has("paint")) await ask(["msg"], Buffer.from("\u001b[2J\u001b]0;title\u0007red \u202e"));
if (modes.has("refuse")) await give("the slot is empty\u001b[31m");
for (const [index, stanzas] of files.entries()) {
  if (opens && modes.has("touch")) await ask(["msg"], Buffer.from("touch your key"));
  if (machine === "recipient-v1") await wrap(index, stanzas[0]?.body ?? new Uint8Array(0));
  else await unwrap(index, stanzas);
}
process.stdout.write(formatStanza(["done"]));

async function wrap(index: number, fileKey: Uint8Array): Promise<void> {
  if (index === 0) await ask(["labels"], undefined);
  for (const key of keys) {
    const nonce = randomBytes(12);
    const cipher = createCipheriv("chacha20-poly1305", key, nonce, { authTagLength: 16 });
    const body = Buffer.concat([cipher.update(fileKey), cipher.final(), cipher.getAuthTag()]);
    await ask(["recipient-stanza", String(index), "test", nonce.toString("hex")], body);
  }
}

async function unwrap(index: number, stanzas: readonly { args: readonly string[]; body: Uint8Array }[]): Promise<void> {
  for (const { args, body } of stanzas) {
    if (args[0] !== "test") continue;
    for (const key of keys) {
      const cipher = createDecipheriv("chacha20-poly1305", key, Buffer.from(args[1] ?? "", "hex"), {
        authTagLength: 16,
      });
      cipher.setAuthTag(body.subarray(16));
      const fileKey = cipher.update(body.subarray(0, 16));
      try {
        cipher.final();
      } catch {
        continue;
      }
      await ask(["file-key", String(index)], fileKey);
      if (modes.has("double")) await ask(["file-key", String(index)], fileKey);
      return;
    }
  }
}

async function ask(
  args: readonly string[],
  body: Uint8Array | undefined,
): Promise<{ args: readonly string[]; body: Uint8Array }> {
  process.stdout.write(formatStanza(args, body));
  return (await reader.next()) ?? process.exit(1);
}

async function give(text: string): Promise<never> {
  await ask(["error", "internal"], Buffer.from(text));
  process.stdout.write(formatStanza(["done"]));
  process.exit(1);
}

function keyOf(text: string): Uint8Array {
  return decodeBech32(text)?.bytes ?? process.exit(1);
}
