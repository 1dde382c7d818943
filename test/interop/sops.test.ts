/** Our documents before the real sops 3.13.3, and its documents before us: every format, every selector. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import fc from "fast-check";
import { setAt } from "../../src/sops/access.ts";
import { createFile, type NewFile } from "../../src/sops/create-file.ts";
import type { DataKeyOpener } from "../../src/sops/datakey.ts";
import { pair } from "../../src/sops/pair.ts";
import { openWithGpg, type RunGpg, sealWithGpg } from "../../src/sops/pgp.ts";
import { parsePlain, plainBytes, plainText } from "../../src/sops/plain-text.ts";
import type { Selector } from "../../src/sops/selectors.ts";
import type { Format } from "../../src/sops/store.ts";
import type { MapNode } from "../../src/sops/tree.ts";
import { updateFile } from "../../src/sops/update-file.ts";
import {
  golden,
  goldenFiles,
  goldenKey,
  open,
  RECIPIENT_1,
  RECIPIENT_2,
  RECIPIENT_3,
  sealAge,
} from "../sops/golden.ts";
import { anySelector, documentOf, FORMATS, map, text } from "../sops/trees.ts";

const SOPS = join(process.env["SECRETS_PEERS"] ?? new URL("../../.peers/bin", import.meta.url).pathname, "sops");
const SUFFIX: Readonly<Record<Format, string>> = {
  yaml: "yaml",
  json: "json",
  dotenv: "env",
  ini: "ini",
  binary: "bin",
};
const NOW = new Date("2026-01-02T03:04:05Z");
const RUNS = Number(process.env["INTEROP_RUNS"] ?? 12);

let folder = "";
before(() => {
  folder = mkdtempSync(join(tmpdir(), "secrets-sops-"));
});
after(() => {
  rmSync(folder, { recursive: true, force: true });
});

function sops(args: readonly string[], keys = goldenKey("age1"), more: NodeJS.ProcessEnv = {}): Buffer {
  const env = {
    ...more,
    PATH: process.env["PATH"] ?? "",
    HOME: folder,
    SOPS_AGE_KEY: keys,
    SOPS_DISABLE_VERSION_CHECK: "1",
  };
  return execFileSync(SOPS, args, { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
}

function place(format: Format, content: string | Uint8Array): string {
  const path = join(folder, `case.${SUFFIX[format]}`);
  writeFileSync(path, content);
  return path;
}

function create(format: Format, documents: readonly MapNode[], more: Partial<NewFile> = {}): Promise<string> {
  const keyGroups = [[{ type: "age" as const, id: RECIPIENT_1 }]];
  return createFile({ format, documents, keyGroups, now: NOW, seal: sealAge, ...more });
}

function flags(selector: Selector): string[] {
  return [`--${selector.kind.replaceAll("_", "-")}`, selector.pattern];
}

test("the peer is sops 3.13.3", () => {
  assert.match(sops(["--version", "--disable-version-check"]).toString(), /^sops 3\.13\.3\b/);
});

for (const format of FORMATS) {
  test(`${format}: sops opens what we create and prints what we print`, async () => {
    await fc.assert(
      fc.asyncProperty(documentOf(format), anySelector, fc.boolean(), async (document, selector, macOnlyEncrypted) => {
        const path = place(format, await create(format, [document], { selector, macOnlyEncrypted }));
        assert.deepEqual(sops(["decrypt", path]), Buffer.from(plainBytes(format, [document])));
      }),
      { numRuns: RUNS },
    );
  });

  test(`${format}: sops opens what we update`, async () => {
    await fc.assert(
      fc.asyncProperty(documentOf(format), documentOf(format), anySelector, async (document, changed, selector) => {
        const first = await open(await create(format, [document], { selector }), format);
        const edited = pair(first.documents, parsePlain(plainBytes(format, [changed]), format), format);
        const path = place(format, await updateFile(first.file, edited, first.dataKey, NOW));
        assert.deepEqual(sops(["decrypt", path]), Buffer.from(plainBytes(format, edited)));
      }),
      { numRuns: RUNS },
    );
  });

  test(`${format}: we open what sops encrypts, and agree on what it decrypts to`, async () => {
    await fc.assert(
      fc.asyncProperty(documentOf(format), anySelector, async (document, selector) => {
        const plain = place(format, plainBytes(format, [document]));
        const sealed = sops(["encrypt", "--age", RECIPIENT_1, ...flags(selector), plain]);
        const path = place(format, sealed);
        const { documents } = await open(sealed, format);
        assert.deepEqual(Buffer.from(plainBytes(format, documents)), sops(["decrypt", path]));
      }),
      { numRuns: RUNS },
    );
  });

  test(`${format}: sops updatekeys and filestatus accept ours, and we its answer`, async () => {
    const document = format === "ini" ? map({ s: map({ k: text("v") }) }) : map({ data: text("v") });
    const path = place(format, await create(format, [document]));
    assert.match(sops(["filestatus", path]).toString(), /"encrypted":true/);
    const config = join(folder, ".sops.yaml");
    writeFileSync(config, `creation_rules:\n  - age: ${RECIPIENT_1},${RECIPIENT_2}\n`);
    sops(["--config", config, "updatekeys", "-y", path]);
    const { file, documents } = await open(readFileSync(path), format);
    assert.deepEqual(
      file.metadata.keyGroups[0]?.map(({ id }) => id),
      [RECIPIENT_1, RECIPIENT_2],
    );
    assert.equal(plainText(format, documents), plainText(format, [document]));
    assert.deepEqual(sops(["decrypt", path], goldenKey("age2")), Buffer.from(plainBytes(format, [document])));
  });

  test(`${format}: what sops writes for a document is what we write for it, but for the secrets in it`, async () => {
    const document = format === "ini" ? map({ s: map({ k: text("v"), longer: text("w") }) }) : map({ data: text("v") });
    const blind = (sealed: string): string =>
      sealed
        .replaceAll(/ENC\[[^\]]*\]/g, "ENC")
        .replaceAll(/\d{4}-\d\d-\d\dT[\d:]+Z/g, "DATE")
        .replaceAll(/(BEGIN AGE ENCRYPTED FILE-----)[^-]*/g, "$1");
    for (const keys of [[RECIPIENT_1], [RECIPIENT_1, RECIPIENT_2]]) {
      const ours = await create(format, [document], { keyGroups: [keys.map((id) => ({ type: "age", id }))] });
      const plain = place(format, plainBytes(format, [document]));
      assert.equal(blind(ours), blind(sops(["encrypt", "--age", keys.join(","), plain]).toString()));
    }
    const groups = [RECIPIENT_1, RECIPIENT_2, RECIPIENT_3];
    const keyGroups = groups.map((id) => [{ type: "age" as const, id }]);
    const config = join(folder, "groups.yaml");
    const lists = groups.map((id) => `      - age: [${id}]\n`).join("");
    writeFileSync(config, `creation_rules:\n  - shamir_threshold: 2\n    key_groups:\n${lists}`);
    const ours = await create(format, [document], { keyGroups, shamirThreshold: 2 });
    const plain = place(format, plainBytes(format, [document]));
    assert.equal(blind(ours), blind(sops(["--config", config, "encrypt", plain]).toString()));
    const two = `${goldenKey("age1")}\n${goldenKey("age3")}`;
    assert.deepEqual(sops(["decrypt", place(format, ours)], two), Buffer.from(plainBytes(format, [document])));
  });
}

test("comment selectors: sops opens what we create", async () => {
  const input = golden("rules/in.yaml").bytes;
  for (const kind of ["encrypted_comment_regex", "unencrypted_comment_regex"] as const) {
    const selector: Selector = { kind, pattern: "sops:enc" };
    const documents = parsePlain(input, "yaml");
    const path = place("yaml", await create("yaml", documents, { selector }));
    assert.equal(sops(["decrypt", path]).toString(), plainText("yaml", documents));
  }
});

test("a comment in a list: sops 3.13.3 opens it in a document that we wrote", async () => {
  const documents = parsePlain(golden("comments_list-yaml/in.yaml").bytes, "yaml");
  const path = place("yaml", await create("yaml", documents));
  assert.equal(sops(["decrypt", path]).toString(), plainText("yaml", documents));
});

test("sops set and ours take turns on one file", async () => {
  let path = place("yaml", await create("yaml", [map({ a: text("1"), b: map({ c: text("2") }) })]));
  sops(["set", path, '["b"]["c"]', '"three"']);
  const opened = await open(readFileSync(path), "yaml");
  const changed = setAt(opened.documents, ["b", "d"], text("four"));
  path = place("yaml", await updateFile(opened.file, changed, opened.dataKey, NOW));
  sops(["unset", path, '["a"]']);
  const last = await open(readFileSync(path), "yaml");
  assert.equal(plainText("yaml", last.documents), "b:\n    c: three\n    d: four\n");
});

for (const goldenFile of goldenFiles().filter(({ name }) => !name.startsWith("shamir/"))) {
  const { name, bytes, format } = goldenFile;
  test(`${name}: sops opens it after an update of ours, whichever version wrote it`, async () => {
    const { file, documents, dataKey } = await open(bytes, format);
    const path = format === "ini" ? ["sec", "added"] : format === "binary" ? ["data"] : ["added"];
    const changed = setAt(documents, path, text("new"));
    const after = await updateFile(file, changed, dataKey, NOW);
    assert.deepEqual(sops(["decrypt", place(format, after)]), Buffer.from(plainBytes(format, changed)));
  });
}

test("PGP: gpg opens the same entry for sops and for us, whoever wrote it", async () => {
  const GNUPGHOME = join(folder, "gnupg");
  mkdirSync(GNUPGHOME, { mode: 0o700 });
  const env = { ...process.env, GNUPGHOME };
  const run: RunGpg = async ([program = "", ...args], stdin) => {
    const { status, stdout, stderr } = spawnSync(program, args, { input: stdin, env });
    return { code: status ?? 1, stdout, stderr: stderr.toString() };
  };
  const generate = [
    "--batch",
    "--passphrase",
    "",
    "--quick-gen-key",
    "Test <t@example.org>",
    "default",
    "default",
    "never",
  ];
  execFileSync("gpg", generate, { env, stdio: "ignore" });
  try {
    const listed = execFileSync("gpg", ["--list-keys", "--with-colons"], { env, stdio: ["ignore", "pipe", "ignore"] });
    const fingerprint = /^fpr:+([0-9A-F]{40})/m.exec(listed.toString())?.[1] ?? "";
    const opener: DataKeyOpener = { open: async (key) => (key.type === "pgp" ? openWithGpg(key, run) : null) };
    const document = map({ a: text("v") });
    const sealed = await create("yaml", [document], {
      keyGroups: [
        [
          { type: "pgp", id: fingerprint },
          { type: "age", id: RECIPIENT_2 },
        ],
      ],
      seal: (key, dataKey) => (key.type === "pgp" ? sealWithGpg(key.id, dataKey, run) : sealAge(key, dataKey)),
    });
    assert.equal(sops(["decrypt", place("yaml", sealed)], "", { GNUPGHOME }).toString(), "a: v\n");
    const theirs = sops(["encrypt", "--pgp", fingerprint, place("yaml", "a: v\n")], "", { GNUPGHOME });
    assert.equal(plainText("yaml", (await open(theirs, "yaml", opener)).documents), "a: v\n");
    const shape = (content: string): string[] =>
      content
        .split("\n")
        .map((line) => line.replace(/[:-].*/, "").trim())
        .filter((line) => /^[a-z_]+$/.test(line));
    const alone = await create("yaml", [document], {
      keyGroups: [[{ type: "pgp", id: fingerprint }]],
      seal: (key, dataKey) => sealWithGpg(key.id, dataKey, run),
    });
    assert.deepEqual(shape(alone), shape(theirs.toString()));
    await open(alone, "yaml", opener);
    const stranger = join(folder, "stranger");
    mkdirSync(stranger, { mode: 0o700 });
    env.GNUPGHOME = stranger;
    await assert.rejects(open(alone, "yaml", opener), { code: "E_NO_IDENTITY" });
    env.GNUPGHOME = GNUPGHOME;
  } finally {
    spawnSync("gpgconf", ["--kill", "all"], { env });
  }
});
