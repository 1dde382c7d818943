import assert from "node:assert/strict";
import { test } from "node:test";
import { planSync } from "../../src/actions/sync.ts";
import { sealed, workplaceOf } from "./in-memory.ts";
import {
  ada,
  after,
  bob,
  cleo,
  db,
  keyFile,
  links,
  linkTo,
  OWN,
  other,
  RULES,
  smallFleet,
  smallPlace,
  steps,
  TEAM,
  TOKEN,
  TOKEN_PATH,
  WIFI,
  WIFI_PATH,
  web,
  without,
} from "./planned.ts";

const FOLDER = "vars/per-machine/web/acme/token";

test("brings both tiers in line: who is named comes, who is too many goes, and the second time nothing", async () => {
  const place = await smallPlace({
    [TEAM]: await sealed("yaml", "x: 1", [[ada, other]]),
    [OWN]: await sealed("yaml", "x: 1", [[ada]]),
    [WIFI_PATH]: await sealed("binary", "x", [[ada, cleo, bob]]),
  });
  const plan = await planSync(place, []);
  assert.deepEqual(steps(plan), [`${WIFI} -bob new`, `${OWN} +cleo kept`, `${TEAM} +bob -other new`]);
  assert.equal(plan.summary, "bring the readers of 3 documents in line with the policy");
  assert.deepEqual(plan.exposed, [WIFI, `${TEAM}#x`]);
  const { files, fleet } = await after(place, plan);
  assert.deepEqual(
    fleet.documents.flatMap(({ missing, extra }) => [...missing, ...extra]),
    [],
  );
  const again = await planSync(await workplaceOf(files, ada), []);
  assert.deepEqual([again.changes, again.summary], [[], "all readers are in line with the policy"]);
});

test("looks only where it was told to", async () => {
  const place = await smallPlace({
    [TEAM]: await sealed("yaml", "x: 1", [[ada]]),
    [OWN]: await sealed("yaml", "x: 1", [[ada]]),
  });
  assert.deepEqual(steps(await planSync(place, [OWN])), [`${OWN} +cleo kept`]);
  assert.deepEqual(steps(await planSync(place, ["secrets/team", "vars/web"])), [`${TEAM} +bob kept`]);
  assert.equal((await planSync(place, [OWN])).summary, "bring the readers of 1 document in line with the policy");
  await assert.rejects(planSync(place, ["secrets/nowhere"]), { code: "E_NOT_FOUND" });
});

test("a machine whose link is missing gets it back and reads on; one whose key is an old one goes", async () => {
  const files = without(await smallFleet(), `${FOLDER}/machines/web`);
  const place = await workplaceOf(files, ada);
  const plan = await planSync(place, []);
  assert.deepEqual([plan.documents, plan.summary], [[], "restore 1 link"]);
  assert.match(
    plan.warnings[0] ?? "",
    new RegExp(
      `^${TOKEN}: machine web reads it and had no link; to take it away: secrets revoke machines/web ${TOKEN}$`,
    ),
  );
  const result = await after(place, plan);
  assert.equal(result.text(`${FOLDER}/machines/web`), "-> ../../../../../../sops/machines/web");
  assert.deepEqual((await planSync(await workplaceOf(result.files, ada), [])).changes, []);
  const turned = await smallPlace({
    ...keyFile("machines", "web", db),
    ".sops.yaml": RULES.replace(/ {2}- &web.*\n/, ""),
    "sops/machines/db/key.json": JSON.stringify([{ publickey: other.recipient, type: "age" }]),
  });
  assert.deepEqual(steps(await planSync(turned, [TOKEN_PATH])), [`${TOKEN} +web -web new`]);
});

test("what a machine reads by a link that leads elsewhere is not forgotten", async () => {
  const place = await smallPlace({ [`${FOLDER}/machines/web`]: linkTo(`${FOLDER}/machines/web`, "sops/machines/db") });
  const plan = await planSync(place, []);
  const { readers } = await after(place, plan);
  assert.deepEqual(readers(TOKEN_PATH), ["ada", "bob", "web"]);
});

test("stops before what cannot be read, and names it; goes on where that is not touched", async () => {
  const place = await smallPlace({ "sops/users/cleo/key.json": "{", [TEAM]: await sealed("yaml", "x: 1", [[ada]]) });
  const error = await planSync(place, []).then(
    () => assert.fail(),
    (reason) => reason,
  );
  assert.equal(error.code, "E_POLICY_UNCLEAR");
  assert.match(error.hint, /^sops\/users\/cleo\/key\.json: This key file is not JSON\.\n/);
  assert.deepEqual(steps(await planSync(place, ["secrets"])), [`${TEAM} +bob kept`]);
  const bad = await smallPlace({
    ".sops.yaml": `${RULES}    shamir_threshold: 2\n  - path_regex: "("\n`,
    "x.sops.yaml": await sealed("yaml", "x: 1", [[ada]]),
  });
  await assert.rejects(planSync(bad, []), { code: "E_POLICY_UNCLEAR", hint: /\.sops\.yaml:/ });
});

test("where a link leads nowhere nobody is removed, and that is said", async () => {
  const dangling = { [`${FOLDER}/users/gone`]: linkTo(`${FOLDER}/users/gone`, "sops/users/gone") };
  const place = await smallPlace({ ...dangling, [TOKEN_PATH]: await sealed("binary", "x", [[ada, bob, web, other]]) });
  const plan = await planSync(place, []);
  assert.deepEqual(plan.documents, []);
  assert.match(plan.warnings[0] ?? "", /readers that seem too many stay, because a link of it leads nowhere/);
});

test("a document that no rule decides for is left alone; a file of vars per export is not", async () => {
  const place = await smallPlace({
    "lone.sops.yaml": await sealed("yaml", "x: 1", [[ada, other]]),
    "vars/per-export/site/svc/key/secret": await sealed("binary", "x", [[ada]]),
    ...links("vars/per-export/site/svc/key/users/ada", "vars/per-export/site/svc/key/users/bob"),
  });
  const plan = await planSync(place, []);
  assert.deepEqual(steps(plan), ["vars/per-export/site/svc/key +bob kept"]);
});

test("rules that cannot be read are no reason to call all in line", async () => {
  const linked = await smallPlace({ ".sops.yaml": { link: "../elsewhere.yaml" } });
  await assert.rejects(planSync(linked, []), { code: "E_POLICY_UNCLEAR", hint: /\.sops\.yaml/ });
  const broken = await smallPlace({ ".sops.yaml": "creation_rules: {" });
  await assert.rejects(planSync(broken, []), { code: "E_POLICY_UNCLEAR", hint: /\.sops\.yaml/ });
  // What rules do not decide is brought in line all the same.
  await planSync(linked, ["vars"]);
});
