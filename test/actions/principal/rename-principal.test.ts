import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { planRename } from "../../../src/actions/principal/rename-principal.ts";
import type { AccessPlan } from "../../../src/actions/rekey/access-plan.ts";
import type { Workplace } from "../../../src/actions/workplace.ts";
import { sealed, workplaceOf } from "../in-memory.ts";
import {
  ada,
  after,
  bob,
  diff,
  keyFile,
  links,
  linkTo,
  OWN,
  RULES,
  secretIn,
  smallFleet,
  smallPlace,
  TOKEN_PATH,
  web,
} from "../planned.ts";

/** Nobody's access is any other than before, but for the name. */
async function sameReaders(place: Workplace, plan: AccessPlan, from: string, to: string) {
  assert.deepEqual([plan.documents, plan.exposed, plan.sealedTo], [[], [], []]);
  const result = await after(place, plan);
  const before = await place.fleet();
  const policies = (fleet: typeof before) =>
    fleet.documents
      .map(({ policy, readers }) =>
        [policy.readers.map(({ id }) => id), readers.map(({ id }) => id)].map((ids) => ids.sort()),
      )
      .sort();
  assert.deepEqual(policies(result.fleet), policies(before));
  assert.deepEqual(
    result.fleet.anomalies.filter(({ code }) => code !== "link-misdirected"),
    before.anomalies.filter(({ code }) => code !== "link-misdirected"),
  );
  assert.equal(result.fleet.principals.find(from), undefined);
  assert.ok(result.fleet.principals.find(to) !== undefined);
  return result;
}

describe("planRename", () => {
  it("gives a person another name in both tiers, and nobody another reader", async () => {
    const place = await smallPlace();
    const plan = await planRename(place, "user", "bob", "robert");
    const { files, text } = await sameReaders(place, plan, "bob", "robert");
    assert.deepEqual(diff(RULES, text(".sops.yaml")), [
      `-  - &admin_bob ${bob.recipient} # on call`,
      "-      - age: [*ada, *admin_bob]",
      `+  - &admin_robert ${bob.recipient} # on call`,
      "+      - age: [*ada, *admin_robert]",
    ]);
    assert.deepEqual(
      Object.keys(files)
        .filter((path) => /bob|robert/.test(path))
        .sort(),
      ["sops/groups/admins/users/robert", "sops/users/robert/key.json"],
    );
    assert.equal(text("sops/groups/admins/users/robert"), "-> ../../../users/robert");
    assert.deepEqual(plan.warnings, []);
  });

  it("follows links that are called otherwise, and mends the one that has the new name already", async () => {
    const [odd, called] = ["vars/shared/wifi/psk/users/odd", "vars/per-machine/web/acme/token/users/eva"];
    const place = await smallPlace({
      [odd]: linkTo(odd, "sops/users/bob"),
      [called]: linkTo(called, "sops/users/cleo"),
      "docs/users/cleo": linkTo("docs/users/cleo", "sops/users/cleo"),
    });
    const { text } = await sameReaders(place, await planRename(place, "user", "cleo", "eva"), "cleo", "eva");
    assert.equal(text(called), "-> ../../../../../../sops/users/eva");
    assert.equal(text(odd), `-> ${linkTo(odd, "sops/users/bob").link}`);
    assert.equal(text("docs/users/cleo"), "-> ../../sops/users/cleo");
  });

  it("says which rules speak of the old name", async () => {
    const place = await smallPlace({ ".sops.yaml": RULES.replace("^secrets/team/", "^secrets/(team|cleopatra)/") });
    const plan = await planRename(place, "user", "cleo", "eva");
    assert.deepEqual(plan.warnings, [
      ".sops.yaml:11: this rule's path_regex speaks of cleo; look whether it still fits",
    ]);
    assert.ok((await place.fleet()).documents.some(({ path }) => path === OWN));
  });

  it("moves what is a machine's: its vars, its links, its sealed key; Nix files it only names", async () => {
    const deep = "vars/per-machine/web/boot/keys/db.key";
    const place = await smallPlace({
      ...(await secretIn(deep, [ada, web], ["users/ada", "machines/web"])),
      ...(await secretIn("vars/shared/x/y", [ada, web], ["users/ada", "machines/web"])),
      ...(await secretIn("sops/secrets/web-age.key", [ada], ["users/ada"])),
      "vars/per-machine/web/acme/note/value": "public",
      "vars/per-machine/website/a/b/value": "another",
      "machines/web/configuration.nix": "{}",
      ...links("sops/groups/admins/machines/web"),
      [TOKEN_PATH]: await sealed("binary", "x", [[ada, bob, web]]),
    });
    const plan = await planRename(place, "machine", "web", "www");
    const { files, text, readers } = await sameReaders(place, plan, "web", "www");
    assert.deepEqual(
      Object.keys(files).filter((path) => /\bweb\b/.test(path)),
      ["machines/web/configuration.nix"],
    );
    assert.deepEqual(readers("vars/per-machine/www/boot/keys/db.key/secret"), ["ada", "www"]);
    assert.equal(
      text("vars/per-machine/www/boot/keys/db.key/machines/www"),
      "-> ../../../../../../../sops/machines/www",
    );
    assert.equal(text("vars/shared/x/y/machines/www"), "-> ../../../../../sops/machines/www");
    assert.equal(text("vars/per-machine/www/acme/note/value"), "public");
    assert.equal(text("vars/per-machine/website/a/b/value"), "another");
    assert.match(plan.warnings.at(-1) ?? "", /still called web in your Nix files/);
    const secret = plan.changes.find(({ change }) => change.path === "vars/per-machine/www/acme/token/secret");
    assert.equal(secret?.change.kind === "write" && secret.change.mode, 0o600);
  });

  it("leaves what is shared alone, whatever a machine is called", async () => {
    const place = await smallPlace({
      ...keyFile("machines", "shared", web),
      ...(await secretIn("vars/per-machine/shared/a/b", [ada], ["users/ada"])),
    });
    const { files } = await after(place, await planRename(place, "machine", "shared", "common"));
    assert.ok("vars/shared/wifi/psk/secret" in files);
    assert.ok("vars/per-machine/common/a/b/secret" in files);
    const flat = await workplaceOf(
      {
        ...keyFile("users", "ada", ada),
        ...keyFile("machines", "web", web),
        ...(await secretIn("vars/web/a/b", [ada, web], ["users/ada", "machines/web"])),
      },
      ada,
    );
    const moved = await after(flat, await planRename(flat, "machine", "web", "www"));
    assert.deepEqual(moved.readers("vars/www/a/b/secret"), ["ada", "www"]);
  });

  it("gives a name that differs in what anchors cannot tell, and none that differs in cases alone", async () => {
    const files = { ...keyFile("machines", "web-1", web), ...keyFile("users", "Eve", ada) };
    const place = await workplaceOf(files, ada);
    const { files: renamed } = await after(place, await planRename(place, "machine", "web-1", "web_1"));
    assert.ok("sops/machines/web_1/key.json" in renamed && !("sops/machines/web-1/key.json" in renamed));
    // Where cases are not told apart, the old place is the new one, and would be removed with it.
    await assert.rejects(planRename(place, "user", "Eve", "eve"), { code: "E_EXISTS" });
    await assert.rejects(planRename(place, "machine", "web-1", "web-1"), { code: "E_EXISTS" });
  });

  it("refuses names that are taken or that are none, and places where something lies", async () => {
    const place = await smallPlace({ "vars/per-machine/www/old/thing/value": "x" });
    for (const name of ["bob", "web", "admins"])
      await assert.rejects(planRename(place, "user", "ada", name), { code: "E_EXISTS" }, name);
    for (const name of ["Ada", "a/b", "..", "", "a\u001b[31m", "-a"])
      await assert.rejects(planRename(place, "user", "ada", name), { code: "E_NAME" }, name);
    for (const name of ["-a", "a.b", "A", "", "a\n", "shared", "per-machine"])
      await assert.rejects(planRename(place, "machine", "web", name), { code: "E_NAME" }, name);
    const lies = await smallPlace({
      "sops/secrets/www-age.key/secret": "x",
      ...(await secretIn("sops/secrets/web-age.key", [ada], ["users/ada"])),
    });
    await assert.rejects(planRename(lies, "machine", "web", "www"), {
      code: "E_EXISTS",
      location: { file: "sops/secrets/www-age.key/secret" },
    });
    await assert.rejects(planRename(place, "user", "web", "www"), { code: "E_NOT_FOUND" });
  });

  it("is no trouble for names that an expression would take for something else", async () => {
    const rules = RULES.replaceAll("admin_bob", "'b.(o'")
      .replace(/&'b\.\(o'/, "&b-o")
      .replace(/\*'b\.\(o'/, "*b-o");
    const place = await workplaceOf({ ".sops.yaml": rules, [OWN]: (await smallFleet())[OWN] ?? "" }, ada);
    const { text } = await after(place, await planRename(place, "user", "b-o", "bo"));
    assert.match(text(".sops.yaml"), /&bo /);
  });
});
