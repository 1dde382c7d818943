/** Every `--json` output against its schema, and every schema against what it is made from. */
import assert from "node:assert/strict";
import { globSync, readdirSync, readFileSync } from "node:fs";
import { chmod, copyFile, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { Ajv2020 } from "ajv/dist/2020.js";
import { renderSchemas } from "../scripts/schemas/render.ts";
import { PEOPLE } from "../src/actions/demo/sample-fleet.ts";
import { makeAgeKey } from "../src/age/age-key.ts";
import { encodeBech32 } from "../src/age/bech32.ts";
import { decryptWith } from "../src/age/file.ts";
import { parseIdentities } from "../src/age/identity.ts";
import { findProgram } from "../src/repo/program.ts";
import { openDataKey } from "../src/sops/datakey.ts";
import { decryptFile } from "../src/sops/decrypt-file.ts";
import { formatOfPath } from "../src/sops/format.ts";
import { plainBytes } from "../src/sops/plain-text.ts";
import { parseSopsFile } from "../src/sops/sops-file.ts";
import { type Sample, sampleFleet } from "./cli/sample.ts";
import { mutationsOf, placesOf } from "./schemas/mutations.ts";

const directory = new URL("../schemas/", import.meta.url);
const LOCKED_KEY = fileURLToPath(new URL("../fixtures/age/ssh/ed25519-pkcs8-encrypted", import.meta.url));
const SSH_KEY = fileURLToPath(new URL("../fixtures/age/ssh/ed25519.pub", import.meta.url));

test("the committed schemas are the generated ones (npm run schemas)", () => {
  const generated = renderSchemas();
  assert.deepEqual(readdirSync(directory).sort(), [...generated.keys()].sort());
  for (const [file, text] of generated) assert.equal(readFileSync(new URL(file, directory), "utf8"), text, file);
});

const KEY = makeAgeKey().recipient;

interface Run {
  readonly argv: readonly [command: string, ...rest: string[]];
  /** Of what several commands print; by default that of the command. */
  readonly schema?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** On the fleet as it is made. */
const SOUND: readonly Run[] = [
  { argv: ["status"] },
  { argv: ["ls"] },
  { argv: ["access"] },
  { argv: ["access", "chiara"] },
  { argv: ["explain", "secrets/services/mailer.env"] },
  { argv: ["explain", "secrets/services/new.json"] },
  { argv: ["explain", "vars/web01/wireguard/public-key"] },
  { argv: ["doctor"] },
  { argv: ["check"] },
  { argv: ["check", "--deep"] },
  { argv: ["user", "ls"], schema: "principals" },
  { argv: ["machine", "ls"], schema: "principals" },
  { argv: ["group", "ls"], schema: "principals" },
  { argv: ["sync", "--dry-run"], schema: "plan" },
  { argv: ["grant", "chiara", "vars/web01/acme/dns-token", "--dry-run"], schema: "plan" },
  { argv: ["rotate", "machine", "web01", "--to", KEY, "--dry-run"], schema: "plan" },
  { argv: ["grant", "chiara", "vars/web01/acme/dns-token", "--yes", "--commit"], schema: "plan" },
  { argv: ["machine", "add", "web02", "--generate", "--extra-files", "../tree", "--yes"], schema: "plan" },
  {
    argv: ["machine", "verify", "web02", "--host-key", "../tree/etc/ssh/ssh_host_ed25519_key.pub"],
    schema: "machine-verify",
  },
  { argv: ["machine", "show", "web02"], schema: "machine-show" },
  { argv: ["key", "show"], schema: "key-show" },
  { argv: ["key", "verify"], schema: "key-verify" },
  { argv: ["key", "verify", "bruno"], schema: "key-verify", env: { SOPS_AGE_KEY_FILE: "no-such-file" } },
  { argv: ["key", "convert", SSH_KEY, "../options"], schema: "key-convert" },
  { argv: ["key", "import", "../bruno.txt", "../plugin.txt", "--to", "../more.txt"], schema: "key-import" },
];

/** After `spoil`: what a sound fleet never prints. */
const SPOILT: readonly Run[] = [
  { argv: ["check"] },
  { argv: ["generate", "--check"] },
  { argv: ["generate", "--dry-run", "--service", "hello"] },
  { argv: ["service", "ls"], schema: "service-ls" },
  { argv: ["service", "show", "acme"], schema: "service-show" },
  { argv: ["service", "show", "hello"], schema: "service-show" },
  { argv: ["service", "check"], schema: "service-check" },
  { argv: ["explain", "secrets/users/bruno.sops.yaml"] },
  { argv: ["sync", "secrets/services/mailer.env", "--dry-run"], schema: "plan" },
  { argv: ["trust", "ls"] },
  { argv: ["export", "../dump", "--partial"], env: { SOPS_AGE_KEY_FILE: "../chiara.txt" } },
  { argv: ["renew", "--readable-by", "bruno", "--dry-run"] },
  { argv: ["import", "secrets/users/ada.sops.yaml", "--to", "vars/web01/mine", "--dry-run"], schema: "plan" },
  { argv: ["machine", "verify", "web01", "--age-key", KEY], schema: "machine-verify" },
  { argv: ["machine", "show", "db01"], schema: "machine-show" },
  { argv: ["key", "show"], schema: "key-show" },
  { argv: ["key", "show"], schema: "key-show", env: { SOPS_AGE_KEY: "AGE-SECRET-KEY-1BROKEN" } },
  { argv: ["doctor"], env: { SOPS_AGE_KEY: "AGE-SECRET-KEY-1BROKEN" } },
  { argv: ["doctor"], cwd: "..", env: { SOPS_AGE_KEY_FILE: "no-such-file" } },
];

/** After `breakDefinitions`: what a fleet prints whose definitions nobody can run, where there is a flake and no Nix. */
const BROKEN: readonly Run[] = [
  { argv: ["service", "ls"], schema: "service-ls" },
  { argv: ["service", "check"], schema: "service-check" },
];

/** Fields that may be left out. Told apart from the schemas, which must say the same. */
const OPTIONAL: Readonly<Record<string, readonly string[]>> = {
  check: ["line", "missing", "extra", "missing[].name", "extra[].name"].map((field) => `findings[].${field}`),
  doctor: ["documents", "places[].keys[].name", "places[].pending", "places[].problem", "checks[].fix"],
  "key-convert": ["keys[].before", "keys[].comment"],
  "key-import": ["keys[].recipient"],
  "key-show": ["places[].path", "places[].keys[].owner", "places[].pending", "places[].problem"],
  "key-verify": ["places[].anchor", "problems[].fix"],
  "machine-show": ["hostFingerprint", "verified"],
  "machine-verify": ["places[].recipient", "places[].fingerprint", "problems[].fix"],
  trust: [
    "approved[].name",
    "waiting[].name",
    "waiting[].provenance",
    "waiting[].provenance.date",
    "waiting[].link",
    "waiting[].link.provenance",
    "waiting[].link.provenance.date",
  ],
  renew: ["values[].service"],
  "service-check": ["file", "line", "column", "keyPath", "hint"].map((field) => `faults[].${field}`),
  "service-ls": ["services[].origin.path", "services[].origin.line", "withoutFlake"],
  "service-show": ["origin.path", "origin.line", "readers", "next"],
  plan: ["commit", "documents[].added[].name", "documents[].removed[].name", "unapproved[].name"],
  explain: ["decidedBy.place", "decidedBy.pathRegex", "decidedBy.fault", "readers[].name"],
};

test("what the commands print is what their schemas say, and holds neither a key nor a value", async (t) => {
  const fleet = await sampleFleet(t);
  await fleet.git("config", "user.name", "test");
  await fleet.git("config", "user.email", "test@example.org");
  const values = await valuesOf(fleet);
  await writeKeys(fleet);
  const seen = new Map<string, Set<string>>();
  const look = async ({ argv, schema: command = argv[0], env = {}, cwd = "." }: Run) => {
    const { stdout, stderr } = await fleet.secrets([...argv, "--json"], { env, cwd });
    const name = argv.join(" ");
    const text = stdout.toString();
    assert.ok(text.startsWith("{"), `${name}: ${stderr}`);
    assert.ok(!text.includes("AGE-SECRET-KEY"), `${name} prints an identity`);
    assert.equal(values.filter((value) => text.includes(value)).length, 0, `${name} prints a value`);
    const output = JSON.parse(text);
    assert.equal(output.schemaVersion, 1);
    const { validate, faults } = validators[command] ?? assert.fail(command);
    assert.ok(validate(output), `${name}: ${faults()}`);
    for (const place of placesOf(output)) seen.set(command, (seen.get(command) ?? new Set()).add(place));
    // A schema that takes anything would pass all of the above.
    for (const { kind, place, value } of mutationsOf(output)) {
      const harmless = kind === "removed" && (OPTIONAL[command] ?? []).includes(place);
      assert.equal(validate(value), harmless, `${name}: ${kind} ${place || "the whole"}`);
    }
    assert.ok(!validate({ ...output, schemaVersion: 2 }), `${name}: another version`);
  };
  for (const run of SOUND) await look(run);
  await spoil(fleet);
  for (const run of SPOILT) await look(run);
  const path = await breakDefinitions(fleet);
  for (const run of BROKEN) await look({ ...run, env: { PATH: path } });
  // A field that no run prints would be one whose schema nobody has tried.
  for (const command of Object.keys(validators)) {
    assert.deepEqual([...(seen.get(command) ?? [])].sort(), placesOfSchema(schemaOf(command)).sort(), command);
  }
});

const validators = Object.fromEntries(
  [
    "access",
    "check",
    "doctor",
    "explain",
    "export",
    "generate",
    "key-convert",
    "key-import",
    "key-show",
    "key-verify",
    "ls",
    "machine-show",
    "machine-verify",
    "plan",
    "principals",
    "renew",
    "service-check",
    "service-ls",
    "service-show",
    "status",
    "trust",
  ].map((command) => {
    // A whole list of faults is worked out for every mutation otherwise.
    const ajv = new Ajv2020({ strict: true });
    const compiled = ajv.compile(schemaOf(command));
    return [command, { validate: (value: unknown) => compiled(value), faults: () => ajv.errorsText(compiled.errors) }];
  }),
);

/** An SSH key behind options, one that is none of age's, and an identity that a plugin alone knows. */
async function writeKeys({ root }: Sample): Promise<void> {
  const key = (await readFile(SSH_KEY, "utf8")).trim();
  await writeFile(join(root, "../options"), `restrict ${key}\necdsa-sha2-nistp256 AAAA\n`);
  await writeFile(
    join(root, "../plugin.txt"),
    `${encodeBech32("age-plugin-yubikey-", Buffer.alloc(8)).toUpperCase()}\n`,
  );
}

/** A reader too many, a rule that sops would stop at, and an SSH key of which nothing is known without its passphrase. */
async function spoil({ root, read, git }: Sample): Promise<void> {
  const rules = (await read(".sops.yaml")).split(/^(?= {2}- path_regex)/m);
  const spoilt = rules.map((rule) => {
    if (rule.includes("mailer")) return `${rule.trimEnd()}\n          - &eve ${KEY}\n`;
    if (rule.includes("services/.*")) return rule.replace(/ *- \*bruno\n/, "");
    if (rule.includes("users/bruno")) return `${rule}    encrypted_suffix: _a\n    unencrypted_suffix: _b\n`;
    return rule;
  });
  await writeFile(join(root, ".sops.yaml"), spoilt.join(""));
  await mkdir(join(root, "sops/users/eve"));
  await writeFile(join(root, "sops/users/eve/key.json"), JSON.stringify([{ publickey: KEY, type: "age" }]));
  const readers = join(root, "vars/per-machine/web01/acme/dns-token/users");
  await mkdir(readers, { recursive: true });
  await symlink("../../../../../../sops/users/eve", join(readers, "eve"));
  // One that is made, one that a person supplies, one that is there and that its machine shall not read.
  await mkdir(join(root, "vars/services"));
  await writeFile(
    join(root, "vars/services/hello.yaml"),
    "machines: [web01]\nprompts: { word: { persist: true } }\nkind: prompt\n",
  );
  await writeFile(join(root, "vars/services/token.yaml"), "machines: [web01]\nkind: external\nfiles: { key: {} }\n");
  await writeFile(
    join(root, "vars/services/acme.yaml"),
    "machines: [web01]\nreaders: [groups/admins]\nkind: external\nfiles: { dns-token: { deploy: false } }\n",
  );
  await writeFile(
    join(root, "vars/services/postgresql.yaml"),
    "machines: [db01]\nkind: password\nfiles: { replication-password: { output: value } }\n",
  );
  await writeFile(join(root, "vars/per-machine/web01/acme/.validation-hash"), "0".repeat(64));
  await git("add", "--all");
  await git("commit", "--quiet", "-m", "Let eve in");
  const keys = join(dirname(root), "home", ".ssh");
  await mkdir(keys);
  await copyFile(LOCKED_KEY, join(keys, "id_ed25519"));
  await chmod(join(keys, "id_ed25519"), 0o600);
}

/** @returns a PATH with git alone */
async function breakDefinitions({ root }: Sample): Promise<string> {
  await writeFile(join(root, "vars/services/token.yaml"), "machines: [web01]\nkind: extrenal\n");
  await writeFile(join(root, "flake.nix"), "{ outputs = _: { }; }\n");
  const bin = join(dirname(root), "bin");
  await mkdir(bin);
  await symlink(findProgram("git") ?? assert.fail("no git"), join(bin, "git"));
  return bin;
}

/** Every word of every plain text, and the public values; what is shorter than 16 is a user name or a key of a map. */
async function valuesOf({ root, keyOf }: Sample): Promise<string[]> {
  const texts = PEOPLE.map((person) => readFile(keyOf(person), "utf8"));
  const identities = (await Promise.all(texts.map(async (text) => parseIdentities(await text, "a person")))).flatMap(
    (parsed) => parsed.identities,
  );
  const plain = globSync(["vars/**/value", "vars/**/secret", "sops/**/secret", "secrets/**/*.*"], { cwd: root }).map(
    async (path) => {
      const bytes = await readFile(join(root, path));
      if (path.endsWith("/value")) return bytes.toString();
      const file = parseSopsFile(bytes, path.endsWith("/secret") ? "binary" : formatOfPath(path));
      const dataKey = await openDataKey(file, { open: ({ enc }) => decryptWith(identities, enc) });
      return Buffer.from(plainBytes(file.format, (await decryptFile(file, dataKey)).documents)).toString();
    },
  );
  const words = (await Promise.all(plain)).flatMap((text) => text.split(/[\s"'=,]+/));
  const values = words.filter((word) => word.length >= 16);
  assert.ok(values.length > 40 && values.some((value) => value.startsWith("ghp_")));
  return values;
}

interface ObjectSchema {
  readonly properties?: Readonly<Record<string, ObjectSchema>>;
  readonly items?: ObjectSchema;
  readonly oneOf?: readonly ObjectSchema[];
}

function schemaOf(command: string): ObjectSchema {
  return JSON.parse(readFileSync(new URL(`${command}.schema.json`, directory), "utf8"));
}

function placesOfSchema({ properties, items, oneOf }: ObjectSchema, place = ""): string[] {
  if (items !== undefined) return placesOfSchema(items, `${place}[]`);
  if (oneOf !== undefined) return [...new Set(oneOf.flatMap((one) => placesOfSchema(one, place)))];
  return Object.entries(properties ?? {}).flatMap(([key, field]) => {
    const at = place === "" ? key : `${place}.${key}`;
    return [at, ...placesOfSchema(field, at)];
  });
}
