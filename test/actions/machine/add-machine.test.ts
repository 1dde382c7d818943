import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type AddMachineOptions, planAddMachine } from "../../../src/actions/machine/add-machine.ts";
import type { MachineKey } from "../../../src/actions/machine/machine-key.ts";
import type { AccessPlan } from "../../../src/actions/rekey/access-plan.ts";
import type { Workplace } from "../../../src/actions/workplace.ts";
import { makeHostKey } from "../../../src/age/host-key.ts";
import { loadFleet } from "../../../src/fleet/fleet.ts";
import type { MemoryFiles } from "../../fleet/memory-ground.ts";
import { sealed, workplaceOf } from "../in-memory.ts";
import {
  ada,
  after,
  bob,
  diff,
  keyFile,
  links,
  next,
  RULES,
  secretIn,
  smallFleet,
  smallPlace,
  steps,
  TEAM,
  TOKEN,
  TOKEN_PATH,
  web,
  without,
} from "../planned.ts";

const add = (place: Workplace, key: MachineKey, options: Partial<AddMachineOptions> = {}, name = "box") =>
  planAddMachine(place, name, key, {
    groups: [],
    onSharedRule: async () => assert.fail("nobody is to be asked"),
    knownHosts: { file: "known_hosts", hosts: [name] },
    handedOver: false,
    ...options,
  });

const managed: MachineKey = { recipient: next.recipient };
const made = await makeHostKey("box");
const generated: MachineKey = {
  recipient: made.recipient,
  publicKey: made.publicKey,
  secret: { hostKey: made.file ?? "", identity: made.identity },
};
const HOST = "vars/per-machine/box/openssh/ssh.id_ed25519";
const SEALED = "sops/secrets/box-age.key";

/** A shared secret, and a file, that the machine web reads besides its own. */
const SHARED = "vars/shared/vpn/psk";
const withWeb = async (): Promise<MemoryFiles> => ({
  ...(await secretIn(SHARED, [ada, web], ["users/ada", "machines/web"])),
  ".sops.yaml": RULES.replace("[*ada, *admin_bob]", "[*ada, *admin_bob, *web]"),
  [TEAM]: await sealed("yaml", "token: abc", [[ada, bob, web]]),
  "secrets/team/b.yaml": await sealed("yaml", "x: 1", [[ada, bob, web]]),
});

const policyOf = ({ policy }: AccessPlan) => policy.map(({ change }) => `${change.kind} ${change.path}`);

describe("planAddMachine", () => {
  it("enters a key in both registries, and nothing else", async () => {
    const place = await smallPlace();
    const plan = await add(place, managed);
    const { text, fleet } = await after(place, plan);
    assert.deepEqual(policyOf(plan), ["write sops/machines/box/key.json", "write .sops.yaml"]);
    assert.deepEqual(diff(RULES, text(".sops.yaml")), [`+  - &box ${next.recipient}`]);
    assert.equal(fleet.principals.find("box")?.kind, "machine");
    assert.deepEqual([plan.documents, plan.sealedTo, plan.warnings], [[], [], []]);
  });

  it("seals both private halves for the people who read other host keys, and the host key for the machine", async () => {
    const place = await smallPlace(
      await secretIn("vars/per-machine/web/openssh/ssh.id_ed25519", [ada, bob, web], ["groups/admins", "machines/web"]),
    );
    const plan = await add(place, generated);
    const { readers, text, fleet } = await after(place, plan);
    assert.deepEqual(readers(`${HOST}/secret`), ["ada", "bob", "box"]);
    assert.deepEqual(readers(`${SEALED}/secret`), ["ada", "bob"]);
    assert.equal(text(`${HOST}/groups/admins`), "-> ../../../../../../sops/groups/admins");
    assert.equal(text(`${HOST}/machines/box`), "-> ../../../../../../sops/machines/box");
    assert.equal(text(`${SEALED}/groups/admins`), "-> ../../../groups/admins");
    assert.equal(text(`${SEALED}/machines/box`), "nothing");
    assert.equal(text(`${HOST}.pub/value`), `${made.publicKey} root@box\n`);
    assert.equal(text("known_hosts"), `box ${made.publicKey}\n`);
    assert.deepEqual(
      fleet.documents.flatMap(({ missing, extra }) => [...missing, ...extra]),
      [],
    );
    assert.deepEqual(plan.sealedTo.map(({ name }) => name).sort(), ["ada", "bob", "box"], "all of them are approved");
    const secret = plan.changes.find(({ change }) => change.path === `${HOST}/secret`)?.change;
    assert.equal(secret?.kind === "write" && secret.mode, 0o600);
  });

  it("takes whoever it is told for the people", async () => {
    const place = await smallPlace();
    const { readers } = await after(place, await add(place, generated, { people: ["users/bob"] }));
    assert.deepEqual(readers(`${HOST}/secret`), ["bob", "box"]);
    assert.deepEqual(readers(`${SEALED}/secret`), ["bob"]);
    await assert.rejects(add(place, generated, { people: ["machines/web"] }), { code: "E_NO_PERSON" });
  });

  it("joins groups, and reads what they read", async () => {
    const place = await smallPlace();
    const plan = await add(place, managed, { groups: ["admins"] });
    const { text } = await after(place, plan);
    assert.equal(text("sops/groups/admins/machines/box"), "-> ../../../machines/box");
    assert.deepEqual(steps(plan), [`${TOKEN} +next kept`.replace("next", "box")]);
    await assert.rejects(add(place, managed, { groups: ["nobody"] }), { code: "E_NOT_FOUND" });
  });

  it("says so when a group gives it the sealed keys of other machines", async () => {
    const place = await smallPlace(await secretIn("sops/secrets/web-age.key", [ada, bob], ["groups/admins"]));
    assert.match((await add(place, managed, { groups: ["admins"] })).warnings.join(), /sealed key of web/);
    const own = await add(place, generated, { people: ["users/ada"] });
    assert.deepEqual(own.warnings, []);
  });

  it("reads what another machine reads, but for what is that machine's own", async () => {
    const sealedKey = await secretIn("sops/secrets/web-age.key", [ada, web], ["users/ada", "machines/web"]);
    const place = await smallPlace({ ...(await withWeb()), ...sealedKey });
    const plan = await add(place, managed, { like: "web" });
    const { readers, text } = await after(place, plan);
    assert.deepEqual(readers("sops/secrets/web-age.key/secret"), ["ada", "web"]);
    assert.deepEqual(readers(`${SHARED}/secret`), ["ada", "box", "web"]);
    assert.deepEqual(readers(TEAM), ["ada", "bob", "box", "web"]);
    assert.deepEqual(readers(TOKEN_PATH), ["ada", "bob", "web"]);
    assert.equal(text(`${SHARED}/machines/box`), "-> ../../../../../sops/machines/box");
    assert.ok(plan.warnings.some((warning) => warning.startsWith("2 secrets are web's own")));
    await assert.rejects(add(place, managed, { like: "ada" }), { code: "E_NOT_FOUND" });
  });

  it("is sealed to what a rule names it in already, and what it was not sealed to yet", async () => {
    const rules = RULES.replace("[*ada, *admin_bob]", "[*ada, *admin_bob, *web, *box]");
    const place = await smallPlace({
      ...(await withWeb()),
      ".sops.yaml": rules.replace("  - &web", `  - &box ${next.recipient}\n  - &web`),
    });
    const { readers } = await after(place, await add(place, managed, { like: "web" }));
    assert.deepEqual(readers(TEAM), ["ada", "bob", "box", "web"]);
  });

  it("joins the groups of the other machine as well", async () => {
    const place = await smallPlace(links("sops/groups/admins/machines/web"));
    const { text } = await after(place, await add(place, managed, { like: "web" }));
    assert.equal(text("sops/groups/admins/machines/box"), "-> ../../../machines/box");
  });

  it("is read what waited for it: links that led nowhere lead to it now", async () => {
    const place = await smallPlace({
      ...(await secretIn("vars/per-machine/box/tls/key", [ada], ["users/ada", "machines/box"])),
    });
    const plan = await add(place, managed);
    assert.deepEqual(steps(plan), ["vars/box/tls/key +box kept"]);
  });

  it("spells its anchor as this fleet spells those of machines", async () => {
    const place = await smallPlace({ ".sops.yaml": RULES.replace("&web", "&host_web") });
    const { text } = await after(place, await add(place, managed));
    assert.ok(text(".sops.yaml").includes(`&host_box ${next.recipient}`));
  });

  it("makes a machine that one tier knows by this key known to the other", async () => {
    const place = await smallPlace({
      ".sops.yaml": `${RULES.replace("  - &web", `  - &box ${next.recipient}\n  - &web`)}`,
    });
    const plan = await add(place, managed);
    assert.deepEqual(policyOf(plan), ["write sops/machines/box/key.json"]);
    const other = await smallPlace(keyFile("machines", "box", next));
    assert.deepEqual(policyOf(await add(other, managed)), ["write .sops.yaml"]);
  });

  it("refuses a name or a key that is taken, in either tier", async () => {
    const place = await smallPlace({ ".sops.yaml": RULES.replace("  - &web", `  - &nas ${next.recipient}\n  - &web`) });
    for (const name of ["web", "ada", "admins", "cleo", "nas"]) {
      await assert.rejects(add(place, generated, {}, name), { code: "E_EXISTS" }, name);
    }
    await assert.rejects(add(place, managed), { code: "E_KEY_TAKEN" });
    await assert.rejects(add(place, { recipient: web.recipient }), { code: "E_KEY_TAKEN" });
    for (const name of ["Box", "b.x", "../x", "-x", "", "b".repeat(64), "ünder"]) {
      await assert.rejects(add(place, generated, {}, name), { code: "E_NAME" }, name);
    }
    await add(place, generated, {}, "b".repeat(63));
    await add(place, generated, {}, "0-b_x");
  });

  it("seals nothing over what is there already", async () => {
    const place = await smallPlace(await secretIn(SEALED, [ada], ["users/ada"]));
    await assert.rejects(add(place, generated), { code: "E_EXISTS" });
    const host = await smallPlace(await secretIn(HOST, [ada], ["users/ada"]));
    await assert.rejects(add(host, generated), { code: "E_EXISTS" });
  });

  it("in a fleet without clan's registry, keeps the key nowhere unless it is handed over", async () => {
    const rules = `keys:\n  - &ada ${ada.recipient}\ncreation_rules:\n  - path_regex: ^secrets/\n    key_groups:\n      - age: [*ada]\n`;
    const place = await workplaceOf(
      { ".sops.yaml": rules, "secrets/a.yaml": await sealed("yaml", "a: 1", [[ada]]) },
      ada,
    );
    await assert.rejects(add(place, generated), { code: "E_NO_REGISTRY" });
    const plan = await add(place, generated, { handedOver: true });
    assert.deepEqual(policyOf(plan), ["write .sops.yaml", "write known_hosts"]);
    assert.ok(plan.warnings.some((warning) => warning.includes("kept nowhere but where you put it")));
  });

  it("writes a module where it is told, and never over another file", async () => {
    const path = "modules/machines/nixos/box/default.nix";
    const place = await smallPlace();
    const { text } = await after(place, await add(place, managed, { scaffold: { path, text: "{ }\n" } }));
    assert.equal(text(path), "{ }\n");
    const taken = await smallPlace({ [path]: "{ }" });
    await assert.rejects(add(taken, managed, { scaffold: { path, text: "{ }\n" } }), { code: "E_EXISTS" });
  });

  it("changes nothing in a fleet whose registry it fits already but for the plan itself", async () => {
    const files = without(await smallFleet());
    const place = await workplaceOf(files, ada);
    const plan = await add(place, generated);
    const { fleet } = await after(place, plan);
    const before = await loadFleet(place.ground);
    const readers = ({ documents }: typeof fleet) =>
      documents
        .filter(({ path }) => !path.includes("box"))
        .map(({ path, readers: all }) => [path, all.map(({ id }) => id)]);
    assert.deepEqual(readers(fleet), readers(before));
  });
});
