import assert from "node:assert/strict";
import { createPrivateKey, createPublicKey } from "node:crypto";
import { posix } from "node:path";
import { test } from "node:test";
import { type SampleFleet, writeSampleFleet } from "../../../src/actions/demo/write-sample-fleet.ts";
import { decryptWith } from "../../../src/age/file.ts";
import { parseIdentities } from "../../../src/age/identity.ts";
import { parseSshKeyFile } from "../../../src/age/ssh-private-key.ts";
import { openDataKey } from "../../../src/sops/datakey.ts";
import { decryptFile } from "../../../src/sops/decrypt-file.ts";
import { recipientsOf } from "../../../src/sops/metadata.ts";
import { plainBytes } from "../../../src/sops/plain-text.ts";
import { parseSopsFile } from "../../../src/sops/sops-file.ts";
import type { Format } from "../../../src/sops/store.ts";

interface Made extends SampleFleet {
  readonly files: ReadonlyMap<string, string>;
  readonly links: ReadonlyMap<string, string>;
}

const fleet = await make();

test("it has people, machines of both systems, a group, and documents in both tiers", () => {
  const matching = (pattern: RegExp) => [...fleet.files.keys()].filter((path) => pattern.test(path)).length;
  assert.equal(matching(/^sops\/users\/\w+\/key\.json$/), 3);
  assert.equal(matching(/^sops\/machines\/\w+\/key\.json$/), 4);
  assert.equal(matching(/^sops\/secrets\/\w+-age\.key\/secret$/), 4);
  assert.equal(matching(/^secrets\/users\/\w+\.sops\.yaml$/), 3);
  assert.ok(matching(/^vars\/per-machine\/.*\/secret$/) > 10);
  assert.ok(matching(/^vars\/shared\/.*\/secret$/) > 0);
  assert.ok(matching(/\/value$/) > 0);
  assert.ok([...fleet.files.values()].some((text) => text.includes("aarch64-darwin")));
});

test("every link leads to something of the fleet", () => {
  for (const [path, target] of fleet.links) {
    const found = posix.join(posix.dirname(path), target);
    assert.ok(
      [...fleet.files.keys(), ...fleet.links.keys()].some((known) => known.startsWith(`${found}/`)),
      `${path} → ${found}`,
    );
  }
});

test("every secret of tier 1 is read by whom its links name, and no one else", () => {
  for (const [path, text] of fleet.files) {
    if (!path.endsWith("/secret")) continue;
    const directory = posix.dirname(path);
    const linked = [...fleet.links.keys()].filter((link) => link.startsWith(`${directory}/`));
    const machines = linked.filter((link) => link.includes("/machines/")).map((link) => posix.basename(link));
    assert.deepEqual(readersOf(text, "binary"), ["ada", "bruno", ...machines].map(recipientOf).sort(), path);
  }
});

test("the rules of tier 2 and its documents differ in one reader of one document", () => {
  const rules = (fleet.files.get(".sops.yaml") ?? "").split("  - path_regex: ").slice(1);
  const differences = rules.flatMap((rule) => {
    const [regex = "", ...rest] = rule.split("\n");
    const should = rest.flatMap((line) => /\*(\w+)/.exec(line)?.[1] ?? []);
    const covered = [...fleet.files.keys()].filter((path) => new RegExp(regex).test(path));
    assert.equal(covered.length, 1, regex);
    return covered.flatMap((path) => {
      const does = readersOf(fleet.files.get(path) ?? "", formatOf(path));
      return should.filter((name) => !does.includes(recipientOf(name))).map((missing) => ({ path, missing }));
    });
  });
  assert.deepEqual(differences, [fleet.drift]);
});

test("each person opens what they should, down to the key inside", async () => {
  assert.match(await open("secrets/users/ada.sops.yaml", "ada"), /^github:\n {4}# Read and write.*\n {4}token: ghp_\w/);
  assert.match(await open("secrets/users/chiara.sops.yaml", "chiara"), /^gitlab:/);
  await assert.rejects(open("secrets/users/chiara.sops.yaml", "ada"), { code: "E_NO_IDENTITY" });
  const machineKey = await open("sops/secrets/web01-age.key/secret", "bruno");
  const { identities } = await parseIdentities(machineKey, "web01");
  assert.deepEqual(identities[0]?.recipients, [recipientOf("web01")]);
});

test("SSH host keys are whole: the public file belongs to the private one", async () => {
  const file = parseSshKeyFile(Buffer.from(await open("vars/per-machine/studio/openssh/ssh.id_ed25519/secret", "ada")));
  const published = fleet.files.get("vars/per-machine/studio/openssh/ssh.id_ed25519.pub/value");
  const key = await file.unlock(undefined);
  assert.equal(key.publicKey.text, published?.split(" ").slice(0, 2).join(" "));
});

test("WireGuard keys belong together", async () => {
  const secret = Buffer.from(await open("vars/per-machine/db01/wireguard/private-key/secret", "ada"), "base64");
  const jwk = { kty: "OKP", crv: "X25519", d: secret.toString("base64url"), x: Buffer.alloc(32).toString("base64url") };
  const { x } = createPublicKey(createPrivateKey({ key: jwk, format: "jwk" })).export({ format: "jwk" });
  const published = fleet.files.get("vars/per-machine/db01/wireguard/public-key/value") ?? "";
  assert.equal(Buffer.from(published, "base64").toString("base64url"), x);
});

test("no private key and no value lies in the fleet in clear", () => {
  for (const [path, text] of fleet.files) assert.doesNotMatch(text, /AGE-SECRET-KEY|PRIVATE KEY|ghp_/, path);
});

test("every fleet has keys of its own", async () => {
  const other = await make();
  assert.notEqual(other.identities.get("ada"), fleet.identities.get("ada"));
});

async function make(): Promise<Made> {
  const files = new Map<string, string>();
  const links = new Map<string, string>();
  const made = await writeSampleFleet(
    {
      file: async (path, content) => void files.set(path, content),
      link: async (path, target) => void links.set(path, target),
    },
    new Date("2026-03-01T12:00:00Z"),
  );
  return { ...made, files, links };
}

async function open(path: string, person: string): Promise<string> {
  const { identities } = await parseIdentities(fleet.identities.get(person) ?? "", person);
  const file = parseSopsFile(Buffer.from(fleet.files.get(path) ?? ""), formatOf(path));
  const dataKey = await openDataKey(file, { open: ({ enc }) => decryptWith(identities, enc) });
  return Buffer.from(plainBytes(file.format, (await decryptFile(file, dataKey)).documents)).toString();
}

function readersOf(text: string, format: Format): string[] {
  return recipientsOf(parseSopsFile(Buffer.from(text), format).metadata)
    .map(({ id }) => id)
    .sort();
}

function recipientOf(name: string): string {
  const json = fleet.files.get(`sops/users/${name}/key.json`) ?? fleet.files.get(`sops/machines/${name}/key.json`);
  return JSON.parse(json ?? "[]")[0].publickey;
}

function formatOf(path: string): Format {
  if (path.endsWith("/secret")) return "binary";
  return path.endsWith(".env") ? "dotenv" : path.endsWith(".json") ? "json" : "yaml";
}
