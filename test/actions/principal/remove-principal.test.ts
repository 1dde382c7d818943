import assert from "node:assert/strict";
import { test } from "node:test";
import { planRemovePrincipal } from "../../../src/actions/principal/remove-principal.ts";
import { sealed, workplaceOf } from "../in-memory.ts";
import {
  ada,
  after,
  bob,
  cleo,
  keyFile,
  links,
  linkTo,
  OWN,
  other,
  RULES,
  secretIn,
  smallFleet,
  smallPlace,
  steps,
  TEAM,
  TEAM_TOO,
  TOKEN,
  TOKEN_PATH,
  WIFI,
  web,
} from "../planned.ts";

test("a person goes out of both registries, every group and every document", async () => {
  const place = await smallPlace();
  const plan = await planRemovePrincipal(place, "user", "bob", {});
  assert.deepEqual(steps(plan), [`${TOKEN} -bob new`, `${TEAM} -bob new`, `${TEAM_TOO} -bob new`]);
  assert.match(plan.next[0] ?? "", /^4 values/);
  assert.deepEqual(plan.exposed, [TOKEN, `${TEAM}#token`, `${TEAM}#nested/count`, `${TEAM_TOO}#x`]);
  const { files, fleet } = await after(place, plan);
  assert.equal(fleet.principals.find("bob"), undefined);
  assert.deepEqual(
    Object.entries(files).filter(
      ([path, one]) => path.includes("bob") || Buffer.from(String(one)).includes(bob.recipient),
    ),
    [],
  );
  assert.deepEqual(fleet.anomalies, []);
  assert.deepEqual(
    fleet.documents.flatMap(({ missing, extra }) => [...missing, ...extra]),
    [],
  );
});

test("also from where nothing decides, and from where the policy cannot be read in full", async () => {
  const folder = "vars/shared/wifi/psk";
  const place = await smallPlace(
    {
      "lone.sops.yaml": await sealed("yaml", "x: 1", [[ada, cleo]]),
      [`${folder}/users/gone`]: linkTo(`${folder}/users/gone`, "sops/users/gone"),
      "s.sops.yaml": await sealed("yaml", "x: 1", [[ada], [bob, cleo]], 2),
      ".sops.yaml": RULES.replace("          - *ada\n", "          - *ada\n          - *admin_bob\n"),
      [OWN]: await sealed("yaml", "mine: 1", [[cleo, ada, bob]]),
    },
    ada,
    bob,
  );
  const plan = await planRemovePrincipal(place, "user", "cleo", {});
  assert.deepEqual(steps(plan), [
    `${WIFI} -cleo new`,
    "lone.sops.yaml -cleo new",
    "s.sops.yaml -cleo new",
    `${OWN} -cleo new`,
  ]);
  const { fleet } = await after(place, plan);
  assert.deepEqual(fleet.documents.find(({ path }) => path === "s.sops.yaml")?.shares, {
    groups: [[ada.recipient], [bob.recipient]].sort(),
    needed: 2,
  });
});

test("a group that they were alone in goes as well; links that are called otherwise are followed, others left alone", async () => {
  const odd = "vars/shared/wifi/psk/users/c";
  const called = `vars/per-machine/web/acme/token/users/cleo`;
  const place = await smallPlace({
    ...links("sops/groups/crew/users/cleo", "vars/per-machine/web/acme/token/groups/crew"),
    [odd]: linkTo(odd, "sops/users/cleo"),
    [called]: linkTo(called, "sops/users/bob"),
    "docs/users/cleo": linkTo("docs/users/cleo", "sops/users/cleo"),
    [TOKEN_PATH]: await sealed("binary", "x", [[ada, bob, web, cleo]]),
  });
  const { files, readers } = await after(place, await planRemovePrincipal(place, "user", "cleo", {}));
  assert.deepEqual(
    Object.keys(files).filter((path) => /crew|cleo|\/c$/.test(path)),
    ["docs/users/cleo", OWN, called].sort(),
  );
  assert.deepEqual(readers(TOKEN_PATH), ["ada", "bob", "web"]);
});

test("what nobody else could read is a reason to stop, or goes with them; what lies below it stays", async () => {
  const files = {
    ...(await secretIn("vars/shared/x/y", [bob, web], ["users/bob", "machines/web"])),
    ...(await secretIn("vars/shared/x/y/z", [ada, bob], ["users/ada", "users/bob"])),
    "vars/shared/x/y/value": "an old value",
  };
  const place = await smallPlace(files, ada, bob);
  const refusal = planRemovePrincipal(place, "user", "bob", {});
  await assert.rejects(refusal, { code: "E_ONLY_READER", hint: /^vars\/shared\/x\/y\n.*--drop-documents/s });
  const { files: left } = await after(place, await planRemovePrincipal(place, "user", "bob", { dropDocuments: true }));
  const below = Object.keys(left).filter((path) => path.startsWith("vars/shared/x/"));
  assert.deepEqual(below.sort(), ["vars/shared/x/y/z/secret", "vars/shared/x/y/z/users/ada"]);
});

test("a key of nobody is no other person: the last one who is known stays", async () => {
  const place = await smallPlace({ "lone.sops.yaml": await sealed("yaml", "x: 1", [[bob, other]]) }, ada, bob);
  await assert.rejects(planRemovePrincipal(place, "user", "bob", {}), {
    code: "E_LAST_PERSON",
    hint: /^lone\.sops\.yaml\n/,
  });
});

test("a key that two have is nobody's to remove", async () => {
  const place = await smallPlace(keyFile("users", "eve", ada));
  await assert.rejects(planRemovePrincipal(place, "user", "eve", {}), {
    code: "E_KEY_SHARED",
    message: "ada has the same key as eve",
  });
  const three = await smallPlace({ ...keyFile("users", "eve", ada), ...keyFile("machines", "lab", ada) });
  await assert.rejects(planRemovePrincipal(three, "user", "ada", {}), {
    message: "eve and lab have the same key as ada",
  });
});

test("a machine goes with its sealed key, and its own secrets stay for people", async () => {
  const folder = "sops/secrets/web-age.key";
  const place = await smallPlace({
    [`${folder}/secret`]: await sealed("binary", "x", [[ada]]),
    ...links(`${folder}/users/ada`),
  });
  const plan = await planRemovePrincipal(place, "machine", "web", {});
  assert.deepEqual(steps(plan), [`${TOKEN} -web new`]);
  assert.match(plan.warnings[0] ?? "", /^1 secret of web itself stays, for the people who can read it/);
  const { files, text } = await after(place, plan);
  assert.deepEqual(
    Object.keys(files).filter((path) => path.startsWith("sops/machines/web") || path.startsWith(folder)),
    [],
  );
  assert.equal(text(".sops.yaml").includes(web.recipient), false);
  const two = await smallPlace(await secretIn("vars/per-machine/web/a/b", [ada, web], ["users/ada", "machines/web"]));
  assert.match(
    (await planRemovePrincipal(two, "machine", "web", {})).warnings[0] ?? "",
    /^2 secrets of web itself stay, for the people who can read them/,
  );
  await assert.rejects(planRemovePrincipal(place, "machine", "ada", {}), {
    code: "E_NOT_FOUND",
    hint: "ada is a user",
  });
});

test("a secret that only the machine reads is named, and nothing is done", async () => {
  const place = await smallPlace(await secretIn("vars/per-machine/web/a/b", [web], ["machines/web"]), ada, web);
  await assert.rejects(planRemovePrincipal(place, "machine", "web", {}), {
    code: "E_ONLY_READER",
    hint: /^vars\/web\/a\/b\n/,
  });
});

test("who is known by an anchor alone goes from the rules", async () => {
  const files = await smallFleet();
  const place = await workplaceOf(
    { ".sops.yaml": RULES, [TEAM]: files[TEAM] ?? "", [TEAM_TOO]: files[TEAM_TOO] ?? "" },
    ada,
  );
  const { text, readers } = await after(place, await planRemovePrincipal(place, "user", "admin_bob", {}));
  assert.equal(text(".sops.yaml").includes("bob"), false);
  assert.deepEqual(readers(TEAM), ["ada"]);
});
