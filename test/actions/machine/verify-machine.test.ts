/** What verify and show say of machines in each of the ways that their keys can lie. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { showMachine } from "../../../src/actions/machine/show-machine.ts";
import { verifyMachine, type Witness } from "../../../src/actions/machine/verify-machine.ts";
import { makeHostKey } from "../../../src/age/host-key.ts";
import type { MemoryFiles } from "../../fleet/memory-ground.ts";
import { sealed } from "../in-memory.ts";
import { ada, bob, db, keyFile, links, next, other, RULES, smallPlace, web } from "../planned.ts";

const host = await makeHostKey("web");
const stranger = await makeHostKey("web");
const derived = { recipient: host.recipient, identity: host.identity };

const publicValue = (key = host.publicKey) => ({
  "vars/per-machine/web/openssh/ssh.id_ed25519.pub/value": `${key} root@web\n`,
});
const ageKey = async (identity: string): Promise<MemoryFiles> => ({
  "sops/secrets/web-age.key/secret": await sealed("binary", identity, [[ada]]),
  ...links("sops/secrets/web-age.key/users/ada"),
});
const hostKey = async (file: string): Promise<MemoryFiles> => ({
  "vars/per-machine/web/openssh/ssh.id_ed25519/secret": await sealed("binary", file, [[ada, derived]]),
  ...links(
    "vars/per-machine/web/openssh/ssh.id_ed25519/users/ada",
    "vars/per-machine/web/openssh/ssh.id_ed25519/machines/web",
  ),
});
/** web is registered by this key in both tiers. */
const known = (key: { recipient: string }): MemoryFiles => ({
  ...keyFile("machines", "web", { ...web, ...key }),
  ".sops.yaml": RULES.replace(web.recipient, key.recipient),
});
const scanned = ({ publicKey, recipient }: { publicKey: string; recipient: string }): Witness => ({
  source: "the host",
  publicKey,
  recipient,
  toRotate: `--to ${recipient}`,
});

const verify = async (files: MemoryFiles, witness?: Witness, ...keys: readonly (typeof ada)[]) =>
  verifyMachine(await smallPlace(files, ...keys), "web", witness);

describe("verifyMachine", () => {
  it("knows the four origins of a key", async () => {
    const origin = async (files: MemoryFiles) => (await verify(files)).origin;
    assert.equal(await origin({}), "elsewhere");
    assert.equal(await origin({ ...known(derived), ...publicValue() }), "host");
    assert.equal(await origin(await ageKey(web.identity)), "managed");
    assert.equal(await origin({ ...known(derived), ...publicValue(), ...(await ageKey(host.identity)) }), "both");
  });

  it("agrees where everything is one key, and is verified once the machine has shown it", async () => {
    const files = {
      ...known(derived),
      ...publicValue(),
      ...(await ageKey(host.identity)),
      ...(await hostKey(host.file ?? "")),
      known_hosts: `web ${host.publicKey}\n`,
    };
    const alone = await verify(files);
    assert.deepEqual([alone.agrees, alone.verified, alone.problems], [true, false, []]);
    assert.ok(alone.notes.some((note) => note.includes("machine verify web --scan")));
    const asked = await verify(files, scanned(host));
    assert.deepEqual([asked.agrees, asked.verified], [true, true]);
    assert.deepEqual(
      asked.places.map(({ role, state }) => `${role} ${state}`),
      [
        "registered same",
        "registered same",
        "sealed-age-key same",
        "sealed-host-key same",
        "host-key same",
        "known-hosts same",
        "machine same",
      ],
    );
  });

  it("says what it could not open, and calls it neither right nor wrong", async () => {
    const result = await verify(
      { ...known(derived), ...publicValue(), ...(await ageKey(host.identity)) },
      undefined,
      bob,
    );
    assert.equal(result.agrees, true);
    assert.ok(result.places.some(({ role, state }) => role === "sealed-age-key" && state === "unknown"));
    assert.ok(result.notes.some((note) => note.startsWith("sops/secrets/web-age.key was not compared: no identity")));
  });

  it("names the classical mistake: a host key registered where clan deploys another", async () => {
    const { problems } = await verify({ ...known(derived), ...publicValue(), ...(await ageKey(next.identity)) });
    assert.equal(problems.length, 1);
    assert.match(problems[0]?.message ?? "", /^the host key of web is registered, but clan deploys/);
    assert.equal(problems[0]?.fix, `secrets rotate machine web --to ${next.recipient}`);
  });

  it("names a sealed key that is not the registered one, where no host key is in play", async () => {
    const { problems } = await verify(await ageKey(next.identity));
    assert.match(problems[0]?.message ?? "", /^clan deploys the key that is sealed/);
  });

  it("names registries that differ, and mends towards what is sealed, else towards clan's", async () => {
    const rules = { ".sops.yaml": RULES.replace(web.recipient, other.recipient) };
    const plain = await verify(rules);
    assert.equal(plain.problems[0]?.fix, `secrets rotate machine web --from ${other.recipient} --to ${web.recipient}`);
    const sealedOther = await verify({ ...rules, ...(await ageKey(other.identity)) });
    assert.equal(
      sealedOther.problems[0]?.fix,
      `secrets rotate machine web --from ${web.recipient} --to ${other.recipient}`,
    );
  });

  it("names another machine that answers, and lets nobody in by a line to paste", async () => {
    const files = { ...known(derived), ...publicValue(), ...(await hostKey(host.file ?? "")) };
    const { problems, agrees } = await verify(files, scanned(stranger));
    assert.equal(agrees, false);
    assert.match(problems[0]?.message ?? "", /another machine, or was installed without its files/);
    assert.equal(problems[0]?.fix, "secrets machine deploy-files web DIR");
    assert.ok(!JSON.stringify(problems).includes(stranger.recipient));
  });

  it("names a machine whose own key is not the registered one", async () => {
    const { problems } = await verify({}, scanned(stranger));
    assert.equal(problems[0]?.fix, `secrets rotate machine web --to ${stranger.recipient}`);
    const { verified } = await verify({}, { source: "the machine", recipient: web.recipient, toRotate: "" });
    assert.equal(verified, true);
  });

  it("takes a host key for no proof of the key that clan deploys", async () => {
    const result = await verify({ ...(await ageKey(web.identity)), ...publicValue() }, scanned(host));
    assert.deepEqual([result.origin, result.agrees, result.verified], ["managed", true, false]);
    assert.ok(result.notes.some((note) => note.includes("age-keygen -y /var/lib/sops-nix/key.txt")));
  });

  it("names a public value, and a line of known_hosts, that tell of another host key", async () => {
    const files = { ...known(derived), ...publicValue(stranger.publicKey), ...(await hostKey(host.file ?? "")) };
    const { problems } = await verify({ ...files, known_hosts: `web ${host.publicKey}\n` });
    assert.deepEqual(
      problems.map(({ fix }) => fix?.split(" ")[0]),
      ["echo", "ssh-keygen"],
    );
  });

  it("knows no machine that is not there", async () => {
    await assert.rejects(verifyMachine(await smallPlace(), "wbe", undefined), { code: "E_NOT_FOUND" });
  });
});

describe("showMachine", () => {
  const show = async (name: string, files: MemoryFiles = {}, seen?: { at: string; recipient: string; by: string }) =>
    showMachine(await smallPlace(files), name, seen);

  it("goes from planned to keyed, sealed and verified", async () => {
    assert.equal((await show("box", { "modules/machines/nixos/box/default.nix": "{ }" })).state, "planned");
    assert.equal((await show("box", links("vars/shared/wifi/psk/machines/box"))).state, "planned");
    const waiting = await show("db", links("vars/shared/wifi/psk/machines/db"));
    assert.deepEqual(
      [waiting.state, waiting.waiting.map(({ address }) => address)],
      ["keyed", ["vars/shared/wifi/psk"]],
    );
    assert.equal((await show("web")).state, "sealed");
    const seen = { at: "2026-01-01T00:00:00Z", by: "the host", recipient: web.recipient };
    assert.equal((await show("web", {}, seen)).state, "verified");
    assert.equal((await show("web", {}, { ...seen, recipient: db.recipient })).state, "sealed");
  });

  it("tells what it reads, its groups, its keys and where they are stated", async () => {
    const shown = await show("web", links("sops/groups/admins/machines/web"));
    assert.deepEqual(shown.reads, [{ tier: "vars", address: "vars/web/acme/token" }]);
    assert.deepEqual(shown.groups, ["admins"]);
    assert.deepEqual(
      shown.keys.map(({ places }) => places),
      [["sops/machines/web/key.json:1", ".sops.yaml:6"]],
    );
  });

  it("says what to type next", async () => {
    assert.deepEqual((await show("box", { "modules/machines/nixos/box/x.nix": "" })).next, [
      "secrets machine add box --generate",
    ]);
    assert.deepEqual((await show("web")).next, ["secrets machine verify web --scan HOST"]);
    await assert.rejects(show("wbe"), { code: "E_NOT_FOUND" });
  });
});
