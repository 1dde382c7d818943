/** What is found by comparing the Nix files of a fleet with its keys, and what is not. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { makeAgeKey } from "../../../src/age/age-key.ts";
import { keyJson } from "../in-memory.ts";
import { nixFindings, nixFleet, nixText } from "./nix-fleet.ts";
import type { Changes } from "./sample-files.ts";

const REGISTRY = "modules/clan/machines.nix";
const WEB01 = "modules/machines/nixos/web01/default.nix";
const DISKO = "modules/machines/nixos/web01/disko.nix";
const MAC = "modules/machines/darwin/mac/default.nix";
const registry = nixText(REGISTRY);
const key = () => keyJson(makeAgeKey());
/** A registry without what stands for one machine. */
const without = (name: string) =>
  registry.replace(new RegExp(`    ${name}(?: = \\{[^}]*\\};|\\.imports[^;]*;)\\n`), "");
const inventory = (text: string) => ({ "modules/clan/inventory/machines.nix": text });
const module = (name: string, of = "nixos", body = "{ }") => `{ flake.modules.${of}."${name}" = ${body}; }\n`;

type Expected = readonly [code: string, place: string, message: RegExp, fix: string | RegExp];

const FOUND: readonly (readonly [what: string, changes: Changes, ...found: Expected[]])[] = [
  [
    "a module that no registry imports",
    { [REGISTRY]: without("web01"), ...inventory("{ }") },
    [
      "machine-unregistered",
      `${WEB01}:6`,
      /^web01 has a module that nothing registers; add clan\.machines\.web01\.imports = \[ config\.flake\.modules\.nixos\."machines\/nixos\/web01" \];$/,
      "$EDITOR modules/clan/machines.nix",
    ],
  ],
  [
    "an entry without the module",
    { [REGISTRY]: registry.replace('imports = [ config.flake.modules.nixos."machines/nixos/web01" ];', "") },
    [
      "machine-unregistered",
      `${REGISTRY}:4`,
      /^web01 is registered without its module; add config\.flake\.modules\.nixos\."machines\/nixos\/web01"/,
      `$EDITOR +4 ${REGISTRY}`,
    ],
  ],
  [
    "registered, and without a key",
    { "sops/machines/web01/key.json": undefined },
    ["machine-keyless", `${REGISTRY}:4`, /^web01 is registered and has no key/, "secrets machine add web01 --generate"],
  ],
  [
    "on macOS",
    { "sops/machines/mac/key.json": undefined },
    ["machine-keyless", `${REGISTRY}:10`, /^mac is /, "secrets machine add mac --generate --platform darwin"],
  ],
  [
    "a name that cannot be given a key",
    { [REGISTRY]: registry.replace("clan.machines = {", 'clan.machines = {\n    "Web; rm" = { };') },
    ["machine-keyless", `${REGISTRY}:4`, /^Web; rm is/, `$EDITOR +4 ${REGISTRY}`],
  ],
  [
    "in the inventory alone",
    inventory("{ clan.inventory.machines.nas = { }; }"),
    ["machine-keyless", "modules/clan/inventory/machines.nix:1", /^nas /, "secrets machine add nas --generate"],
  ],
  [
    "a key, and no module",
    { "sops/machines/gone/key.json": key() },
    [
      "machine-without-module",
      "sops/machines/gone/key.json",
      /^gone has a key and no Nix file/,
      "secrets machine rm gone",
    ],
  ],
  [
    "a module under a misspelt name, which the registry spells right",
    { [DISKO]: undefined, [WEB01]: nixText(WEB01).replace('"machines/nixos/web01"', '"machines/nixos/wbe01"') },
    [
      "machine-namespace",
      `${WEB01}:6`,
      /^nothing imports flake\.modules\.nixos\."machines\/nixos\/wbe01", and this is the folder of web01; did you mean flake\.modules\.nixos\."machines\/nixos\/web01"\?$/,
      `$EDITOR +6 ${WEB01}`,
    ],
  ],
  [
    "a second file of a module under a misspelt name: it would silently be left out",
    { [DISKO]: nixText(DISKO).replace("machines/nixos/web01", "machine/nixos/web01") },
    ["machine-namespace", `${DISKO}:4`, /did you mean flake\.modules\.nixos\."machines\/nixos\/web01"\?$/, /disko/],
  ],
  [
    "exported as another kind of module than its folder says",
    { [MAC]: nixText(MAC).replace("flake.modules.darwin", "flake.modules.nixos") },
    ["machine-namespace", `${MAC}:2`, /did you mean flake\.modules\.darwin\."machines\/darwin\/mac"\?$/, /mac/],
  ],
  [
    "copied from another machine, and its name not changed in full",
    { [MAC]: nixText(MAC).replace("machines/darwin/mac", "machines/nixos/mac") },
    ["machine-namespace", `${MAC}:2`, /did you mean flake\.modules\.darwin\."machines\/darwin\/mac"\?$/, /mac/],
  ],
  [
    "the registry refers to what no file exports",
    { [REGISTRY]: registry.replace("machines/nixos/db01", "machines/nixos/bd01") },
    [
      "machine-namespace",
      `${REGISTRY}:8`,
      /^no file exports flake\.modules\.nixos\."machines\/nixos\/bd01"; did you mean flake\.modules\.nixos\."machines\/nixos\/db01"\?$/,
      `$EDITOR +8 ${REGISTRY}`,
    ],
  ],
  [
    "the registry refers to a module of the other kind",
    { [REGISTRY]: registry.replace("modules.darwin.", "modules.nixos.") },
    [
      "machine-namespace",
      `${REGISTRY}:11`,
      /did you mean flake\.modules\.darwin\."machines\/darwin\/mac"\?$/,
      /machines/,
    ],
  ],
  [
    "an entry under a misspelt name",
    { [REGISTRY]: registry.replace("db01.imports", "bd01.imports"), ...inventory("{ }") },
    [
      "machine-namespace",
      `${REGISTRY}:8`,
      /^bd01 is made of the module of db01, which is registered nowhere; did you mean db01\?$/,
      `$EDITOR +8 ${REGISTRY}`,
    ],
  ],
];

for (const [what, changes, ...expected] of FOUND) {
  test(what, async () => {
    const found = (await nixFindings(nixFleet(changes))).sort((a, b) => (a.code < b.code ? -1 : 1));
    assert.deepEqual(
      found.map(({ code, path, line }) => `${code} ${path}${line === undefined ? "" : `:${line}`}`),
      expected.map(([code, place]) => `${code} ${place}`),
    );
    expected.forEach(([, , message, fix], index) => {
      assert.match(found[index]?.message ?? "", message);
      if (typeof fix === "string") assert.equal(found[index]?.fix, fix);
      else assert.match(found[index]?.fix ?? "", fix);
    });
  });
}

/** What is right, or may be right for all that the text tells. */
const NOTHING: readonly (readonly [what: string, changes: Changes])[] = [
  ["the fleet as it is", {}],
  [
    "a machine that only an anchor of .sops.yaml has a key for",
    {
      "sops/machines/web01/key.json": undefined,
      ".sops.yaml": `keys:\n  - &host_web01 ${makeAgeKey().recipient}\n`,
    },
  ],
  [
    "a template that import-tree leaves out",
    { "modules/machines/nixos/_template/default.nix": module("machines/nixos/NAME") },
  ],
  [
    "a module that is defined in another folder of the repository",
    {
      [WEB01]: undefined,
      [DISKO]: undefined,
      "hosts/web01.nix": module("machines/nixos/web01"),
    },
  ],
  [
    "a machine that is registered in another folder",
    {
      [REGISTRY]: without("web01"),
      "parts/clan.nix":
        '{ config, ... }: { clan.machines.web01.imports = [ config.flake.modules.nixos."machines/nixos/web01" ]; }',
    },
  ],
  [
    "a machine that is registered beside its module",
    {
      [REGISTRY]: without("db01"),
      "modules/machines/nixos/db01/clan.nix":
        '{ config, ... }: { clan.machines.db01.imports = with config.flake.modules; [ nixos."machines/nixos/db01" ]; }',
    },
  ],
  [
    "a module that is used without clan",
    {
      [REGISTRY]: without("db01"),
      ...inventory("{ }"),
      "modules/vm.nix": '{ self, ... }: { flake.x = f { modules = [ self.modules.nixos."machines/nixos/db01" ]; }; }',
    },
  ],
  [
    "a helper of a machine under a name of its own",
    {
      [DISKO]: module("machines/nixos/web01/disks"),
      "modules/machines/nixos/web01/use.nix":
        '{ config, ... }: { flake.modules.nixos."machines/nixos/web01".imports = [ config.flake.modules.nixos."machines/nixos/web01/disks" ]; }',
    },
  ],
  [
    "a feature that adds to the module of another machine",
    {
      "modules/machines/nixos/web01/trust.nix": module("machines/darwin/mac", "darwin"),
    },
  ],
  [
    "a key of a machine by its folder in machines/",
    {
      "sops/machines/gone/key.json": key(),
      "machines/gone/facter.json": "{}",
    },
  ],
  [
    "a key of a machine in inventory.json",
    {
      "sops/machines/gone/key.json": key(),
      "inventory.json": '{"machines": {"gone": {"installedAt": 1}}}',
    },
  ],
  [
    "a key of a machine that another Nix file knows",
    {
      "sops/machines/gone/key.json": key(),
      "hosts.nix": "{ gone = { ip = 1; }; }",
    },
  ],
  [
    "a machine that is made of another's module on purpose",
    {
      [REGISTRY]: registry.replace("web01 = {", "staging = {"),
      ...inventory("{ }"),
      "sops/machines/staging/key.json": key(),
    },
  ],
  [
    "a fleet that registers no machine in Nix",
    {
      [REGISTRY]: undefined,
      ...inventory("{ }"),
      "modules/vm.nix": `{ self, ... }: { x = [ ${["nixos", "nixos", "darwin"].map((of, index) => `self.modules.${of}."machines/${of}/${["web01", "db01", "mac"][index]}"`).join(" ")} ]; }`,
      "sops/machines/gone/key.json": key(),
    },
  ],
  [
    "a machine behind a condition may not be there",
    {
      [REGISTRY]: registry.replace("clan.machines = {", "clan.machines = lib.optionalAttrs full {"),
      "sops/machines/web01/key.json": undefined,
      ...inventory("{ }"),
    },
  ],
  [
    "a reference that may be missing",
    {
      [REGISTRY]: registry.replace(
        '"machines/nixos/db01" ]',
        '"machines/nixos/db01" config.flake.modules.nixos."machines/nixos/x" or { } ]',
      ),
    },
  ],
  [
    "it is asked whether there is a module",
    {
      "modules/clan/check.nix":
        '{ config, ... }: { flake.x = config.flake.modules.nixos ? "machines/nixos/y" && builtins.hasAttr "machines/nixos/${z}" config.flake.modules.nixos; }',
    },
  ],
];

for (const [what, changes] of NOTHING) {
  test(`nothing is found: ${what}`, async () => {
    assert.deepEqual(await nixFindings(nixFleet(changes)), []);
  });
}

test("a fleet without the layout is not looked at", async () => {
  const files = nixFleet({});
  const moved = Object.fromEntries(
    Object.entries(files).map(([path, text]) => [path.replace(/^modules\//, "parts/"), text]),
  );
  assert.deepEqual(await nixFindings({ ...moved, "modules/home.nix": "{ }" }), []);
});

test("a fleet that states nobody's key is told nothing of keys", async () => {
  const keys = Object.keys(nixFleet({})).filter((path) => path.startsWith("sops/"));
  assert.deepEqual(await nixFindings(nixFleet(Object.fromEntries(keys.map((path) => [path, undefined])))), []);
});

/** What would have been found, and why it is not: the file whose text does not tell. */
const UNSURE: readonly (readonly [what: string, changes: Changes, place: string, message: RegExp])[] = [
  [
    "modules are picked by their names",
    {
      [REGISTRY]: without("web01"),
      "modules/hosts.nix":
        '{ config, lib, ... }: { flake.x = lib.filterAttrs (name: _: lib.hasPrefix "machines/nixos/" name) config.flake.modules.nixos; }',
    },
    "modules/hosts.nix:1",
    /^modules are used here by computed names, so it cannot be told whether all is right with web01$/,
  ],
  [
    "entries are made from a list of names",
    {
      [REGISTRY]:
        '{ config, lib, ... }:\n{\n  clan.machines = lib.genAttrs [ "web01" ] (name: {\n    imports = [ config.flake.modules.nixos."machines/nixos/${name}" ];\n  });\n}\n',
      ...inventory("{ }"),
    },
    `${REGISTRY}:4`,
    /cannot be told whether all is right with mac, db01, web01$/,
  ],
  [
    "the registry is computed",
    {
      "modules/clan/more.nix":
        "{ lib, ... }:\n{\n  clan.machines = lib.mapAttrs (_: _: { }) (builtins.readDir ./x);\n}\n",
      "sops/machines/gone/key.json": key(),
    },
    "modules/clan/more.nix:3",
    /^the names of machines are computed here, .* gone$/,
  ],
  [
    "names of modules are computed",
    {
      [REGISTRY]: registry.replace("machines/nixos/db01", "machines/nixos/bd01"),
      "modules/machines/more.nix": '{\n  flake.modules.nixos.${"machines/nixos/" + x} = { };\n}\n',
    },
    "modules/machines/more.nix:2",
    /computed/,
  ],
  [
    "a file is no Nix",
    { [REGISTRY]: without("web01"), "modules/clan/broken.nix": "{\n  a = ;\n}\n" },
    "modules/clan/broken.nix:2",
    /^an expression is missing, so it cannot be told whether all is right with web01$/,
  ],
  [
    "a file is larger than people write",
    { [REGISTRY]: without("web01"), "modules/clan/large.nix": `{ }${" ".repeat(1024 * 1024)}` },
    "modules/clan/large.nix",
    /^it is too large, so it cannot be told/,
  ],
  [
    "a link is not followed",
    { [REGISTRY]: without("web01"), "modules/clan/more": { link: "../../elsewhere" } },
    "modules/clan/more",
    /^it is a link, which is not followed, so/,
  ],
];

for (const [what, changes, place, message] of UNSURE) {
  test(`said to be unsure: ${what}`, async () => {
    const found = (await nixFindings(nixFleet(changes))).filter(({ code }) => code !== "machine-keyless");
    const note = found.find(({ path, line }) => place === (line === undefined ? path : `${path}:${line}`));
    assert.deepEqual(
      found.map(({ code }) => code),
      found.map(() => "nix-unsure"),
    );
    assert.match(note?.message ?? "", message);
    assert.equal(note?.severity, "info");
  });
}
