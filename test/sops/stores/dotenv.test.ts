import assert from "node:assert/strict";
import { test } from "node:test";
import { removeAt, setAt } from "../../../src/sops/access.ts";
import { parsePlain, plainText } from "../../../src/sops/plain-text.ts";
import { dotenvStore } from "../../../src/sops/stores/dotenv.ts";
import { updateFile } from "../../../src/sops/update-file.ts";
import { create, NOW, openClear, reopen } from "../clear-keys.ts";
import { golden, open } from "../golden.ts";
import { map, scalar, text } from "../trees.ts";

function entries(content: string): string[] {
  return (dotenvStore.read(content).documents[0]?.entries ?? []).map((entry) => {
    if (entry.kind === "comment") return `#${entry.text}`;
    return `${entry.key} is ${entry.value.kind === "scalar" && entry.value.scalar.type === "str" ? JSON.stringify(entry.value.scalar.value) : "?"}`;
  });
}

test("lines are read by sops' rules: no quotes, no trimming, a comment in the first column only", () => {
  const content = 'A=1\n\n#c\nB="q"\n C = x \nexport F=a=b\nE=\nN=a\\nb\nR=x\r\nK=v #not';
  assert.deepEqual(entries(content), [
    'A is "1"',
    "#c",
    'B is "\\"q\\""',
    ' C  is " x "',
    'export F is "a=b"',
    'E is ""',
    'N is "a\\nb"',
    'R is "x\\r"',
    'K is "v #not"',
  ]);
});

test("a line without '=' is refused, and a blank one is not a line", () => {
  assert.throws(() => entries("A=1\nnope\n"), { code: "E_DOTENV_SYNTAX", location: { line: 2, column: 1 } });
  assert.throws(() => entries("A=1\n  #c\n"), { code: "E_DOTENV_SYNTAX" });
});

test("values that are not text are written as sops writes them", async () => {
  const document = map({
    i: scalar({ type: "int", value: 5n }),
    f: scalar({ type: "float", value: 1 }),
    t: scalar({ type: "bool", value: true }),
    n: scalar({ type: "null" }),
    s: text("a\nb"),
  });
  assert.equal(plainText("dotenv", [document]), "i=5\nf=1.0\nt=true\nn=<nil>\ns=a\\nb\n");
});

test("an update keeps empty lines, comments and order", async () => {
  const plain = "# head\nA=1\n\n\nB=2\n# tail\n";
  const content = (await create("dotenv", parsePlain(plain, "dotenv"))).replace("\nB=", "\n\n\nB=");
  const { file, documents, dataKey } = await reopen(content, "dotenv");
  const lines = async (changed: typeof documents) =>
    (await updateFile(file, changed, dataKey, NOW)).split("\n").filter((line) => !line.startsWith("sops_"));
  const before = content.split("\n").filter((line) => !line.startsWith("sops_"));
  assert.deepEqual(await lines(documents), before);
  const changed = await lines(setAt(documents, ["B"], text("new")));
  assert.deepEqual(
    changed.filter((line, i) => line !== before[i]).map((line) => line.slice(0, 6)),
    ["B=ENC["],
  );
  const longer = await lines(setAt(documents, ["C"], text("new")));
  assert.deepEqual(
    longer.filter((line) => !before.includes(line)).map((line) => line.slice(0, 6)),
    ["C=ENC["],
  );
  assert.equal(
    longer.findIndex((line) => line.startsWith("C=")),
    before.length - 1,
  );
  const shorter = await lines(removeAt(documents, ["A"]));
  assert.deepEqual(
    shorter,
    before.filter((line) => !line.startsWith("A=")),
  );
});

test("a checkout that added carriage returns does not break an encrypted file", async () => {
  const { bytes } = golden("basic-env/enc-3.9.4.env");
  const { documents } = await open(Buffer.from(bytes.toString().replaceAll("\n", "\r\n")), "dotenv");
  assert.equal(plainText("dotenv", documents), golden("basic-env/dec-3.9.4.env").bytes.toString());
  const plain = await reopen(await create("dotenv", parsePlain("A=x\r\nB_unencrypted=y\r\n", "dotenv")), "dotenv");
  assert.equal(plainText("dotenv", plain.documents), "A=x\r\nB_unencrypted=y\r\n");
});

test("ten and more recipients: the sorted names of old files are read in their true order", async () => {
  const ids = Array.from({ length: 12 }, (_, i) => `age1r${i}`);
  const content = await create("dotenv", [map({ A: text("1") })], {
    keyGroups: [ids.map((id) => ({ type: "age", id }))],
  });
  const sorted = `${content.trimEnd().split("\n").sort().join("\n")}\n`;
  assert.ok(sorted.indexOf("list_10__") < sorted.indexOf("list_2__"));
  const { file } = await open(sorted, "dotenv", openClear("age1r11"));
  assert.deepEqual(
    file.metadata.keyGroups[0]?.map(({ id }) => id),
    ids,
  );
});
