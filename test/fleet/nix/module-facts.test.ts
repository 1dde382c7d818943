/** What a Nix file says of machines, however it is spelled; and what it is said not to tell. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { SecretsError } from "../../../src/errors.ts";
import { type ModuleFacts, readModuleFacts } from "../../../src/fleet/nix/module-facts.ts";

/** In one line each: `export nixos machines/nixos/a :1`, `machine a :1`, … */
function spell({ exports, machines, mentions, uncertain }: ModuleFacts): string[] {
  return [
    ...exports.map((one) => `export ${one.class} ${one.name} :${one.line}`),
    ...machines.map(
      (one) =>
        `${one.tier === "machines" ? "machine" : "inventory"} ${one.name} :${one.line}${one.certain ? "" : " perhaps"}${one.class === undefined ? "" : ` ${one.class}`}${one.modules.map(({ name }) => ` <${name}>`).join("")}`,
    ),
    ...mentions.map((one) => `${one.needed ? "needs" : "mentions"} ${one.class ?? "?"} ${one.name} :${one.line}`),
    ...Object.entries(uncertain).map(([what, line]) => `uncertain ${what} :${line}`),
  ];
}

const W = "machines/nixos/web01";

type Case = readonly [what: string, text: string, ...said: string[]];

const EXPORTS: readonly Case[] = [
  ["one path", `{ flake.modules.nixos."${W}" = { }; }`, `export nixos ${W} :1`],
  ["nested", `{\n flake = { modules = { nixos = {\n "${W}" = { }; }; }; }; }`, `export nixos ${W} :3`],
  [
    "half nested",
    `{ flake.modules = { nixos."${W}" = { }; darwin = { "machines/darwin/mac" = { }; base = { }; }; }; }`,
    `export nixos ${W} :1`,
    "export darwin machines/darwin/mac :1",
  ],
  ["with more behind it", `{ flake.modules.nixos."${W}".services.x.enable = true; }`, `export nixos ${W} :1`],
  ["under config", `{ config = { flake.modules.nixos."${W}" = { }; }; }`, `export nixos ${W} :1`],
  ["under config, in one path", `{ config.flake.modules.nixos."${W}" = { }; }`, `export nixos ${W} :1`],
  [
    "a function, with let and with",
    `{ lib, ... }@args: let x = 1; in with lib; assert x == 1; rec { flake.modules.nixos."${W}" = { }; }`,
    `export nixos ${W} :1`,
  ],
  [
    "computed from a text alone",
    `{ flake.modules.nixos.\${"${W}"} = { }; }`,
    `mentions ? ${W} :1`,
    `export nixos ${W} :1`,
  ],
  [
    "merged",
    `{ lib, ... }: lib.mkMerge [ { flake.modules.nixos."${W}" = { }; } ({ x }: { flake.modules.nixos."machines/nixos/b" = 1; }) ]`,
    `export nixos ${W} :1`,
    "export nixos machines/nixos/b :1",
  ],
  [
    "on a condition",
    `{ lib, ... }: { flake = lib.mkIf true (lib.mkForce { modules.nixos."${W}" = { }; }); }`,
    `export nixos ${W} :1`,
  ],
  [
    "one set over another",
    `{ flake.modules.nixos = { "${W}" = 1; } // { "machines/nixos/b" = 1; }; }`,
    `export nixos ${W} :1`,
    "export nixos machines/nixos/b :1",
  ],
  [
    "one of two",
    `{ flake.modules.nixos = if x then { "${W}" = 1; } else { "machines/nixos/b" = 1; }; }`,
    `export nixos ${W} :1`,
    "export nixos machines/nixos/b :1",
  ],
  ["by a name of let", `let all = { "${W}" = m; }; m = { }; in { flake.modules.nixos = all; }`, `export nixos ${W} :1`],
  [
    "by a name in a name of let",
    `let a.b = { "${W}" = { }; }; in { flake.modules.nixos = a.b; }`,
    `export nixos ${W} :1`,
  ],
  [
    "inherited",
    `let "${W}" = { }; in { flake.modules.nixos = { inherit "${W}"; }; }`,
    `export nixos ${W} :1`,
    `mentions ? ${W} :1`,
  ],
  [
    "in a module of its own in the list of imports",
    `{ imports = [ ./a.nix x.flakeModules.y { flake.modules.nixos."${W}" = 1; } (import ./b.nix) ]; }`,
    `export nixos ${W} :1`,
  ],
  [
    "another kind of module is none",
    `{ flake.modules.homeManager."machines/x/y" = { }; flake.modules.nixos.base = { }; flake.x.nixos."${W}" = 1; perSystem.flake.modules.nixos."${W}" = 1; }`,
  ],
  [
    "a misspelt name is one",
    '{ flake.modules.nixos."machnies/nixos/a" = 1; flake.modules.nixos."users/a" = 1; }',
    "export nixos machnies/nixos/a :1",
  ],
];

const REGISTRY: readonly Case[] = [
  ["one path", "{ clan.machines.web01 = { }; }", "machine web01 :1"],
  [
    "more behind it",
    '{ clan.machines.web01.nixpkgs.hostPlatform = "x"; clan.inventory.machines.web01.tags = [ ]; }',
    "machine web01 :1",
    "inventory web01 :1",
  ],
  ["sets", '{\n clan = {\n machines = {\n web01 = { };\n "4th" = { }; }; }; }', "machine web01 :4", "machine 4th :5"],
  [
    "below flake",
    '{ flake.clan.machines.web01 = { }; flake = { clan.inventory = { machines.mac.machineClass = "darwin"; }; }; }',
    "machine web01 :1",
    "inventory mac :1 darwin",
  ],
  [
    "with its module",
    `{ config, ... }: { clan.machines.web01 = { imports = [ config.flake.modules.nixos."${W}" ]; }; }`,
    `machine web01 :1 <${W}>`,
    `needs nixos ${W} :1`,
  ],
  ["on a condition", "{ lib, ... }: { clan.machines = lib.mkIf x { web01 = { }; }; }", "machine web01 :1 perhaps"],
  [
    "one of two",
    "{ clan.machines = if x then { a = { }; } else { b = { }; }; }",
    "machine a :1 perhaps",
    "machine b :1 perhaps",
  ],
  ["by imports of clan", "{ clan.imports = [ { machines.web01 = { }; } ./b.nix ]; }", "machine web01 :1"],
  ["members of a role are not registered by it", "{ clan.inventory.instances.x.roles.y.machines.web01 = { }; }"],
  [
    "what asks for them registers none",
    "{ self, ... }: { x = self.clan.machines.web01; y = config.clan.inventory.machines; }",
  ],
];

const MENTIONS: readonly Case[] = [
  ["by self", `{ self, ... }: { x = self.modules.nixos."${W}"; }`, `needs nixos ${W} :1`],
  [
    "by a name for all of them",
    `{ config, ... }:\nlet m = config.flake.modules.nixos; n = m; in { x = n."${W}"; }`,
    `needs nixos ${W} :2`,
  ],
  [
    "by an inherited name",
    `{ config, ... }: let inherit (config.flake) modules; inherit (modules) darwin; in { x = [ modules.nixos."${W}" darwin."machines/darwin/mac" ]; }`,
    `needs nixos ${W} :1`,
    "needs darwin machines/darwin/mac :1",
  ],
  ["by with", `{ config, ... }: { x = with config.flake.modules; [ nixos."${W}" ]; }`, `needs nixos ${W} :1`],
  [
    "inherited itself",
    `{ config, ... }: { x = { inherit (config.flake.modules.nixos) base "${W}"; }; }`,
    `needs nixos ${W} :1`,
  ],
  [
    "with something instead",
    `{ config, ... }: { x = config.flake.modules.nixos."${W}" or { }; }`,
    `mentions nixos ${W} :1`,
  ],
  ["more of it", `{ config, ... }: { x = config.flake.modules.nixos."${W}".imports; }`, `needs nixos ${W} :1`],
  ["as a text", `{ x = builtins.getAttr "${W}" y; }`, `mentions ? ${W} :1`],
  [
    "by a name that means two things",
    `{ x = let m = a.modules.nixos; in m; y = let m = a.modules.darwin; in m."${W}"; }`,
    `mentions ? ${W} :1`,
  ],
  ["whether there is one", `{ x = y ? "${W}" && builtins.hasAttr "${W}" z; }`],
  ["not in comments and long texts", `# modules.nixos."${W}"\n{ /* "${W}" */ x = ''see "${W}"''; y = "see ${W}"; }`],
];

const UNCERTAIN: readonly Case[] = [
  ["entries from names", "{ clan.machines =\n lib.genAttrs [ ] f; }", "uncertain registry :2"],
  ["an entry by a computed name", "{ clan.machines.${x} = { }; }", "uncertain registry :1"],
  ["entries from a file", "{ clan.inventory = import ./x.nix; }", "uncertain registry :1"],
  ["entries over what is unknown", "{ clan.machines = { a = { }; } // x; }", "machine a :1", "uncertain registry :1"],
  ["modules from folders", "{ flake.modules.nixos = lib.mapAttrs f (builtins.readDir ./.); }", "uncertain exports :1"],
  ["modules of computed kinds", '{ flake.modules.${c}."machines/nixos/a" = { }; }', "uncertain exports :1"],
  [
    "a function that makes modules",
    '{ imports = [ (mkHost "web01") ]; }',
    "uncertain exports :1",
    "uncertain registry :1",
  ],
  ["a function that makes a machine", "{ lib, ... }: mkHost { clan.machines.a = { }; }", "uncertain registry :1"],
  ["what is no flake module", "{ lib, stdenv }: stdenv.mkDerivation { src = ./.; }"],
  ["a name that is itself", "let a = a; in { clan.machines = a; }", "uncertain registry :1"],
  ["a module by a computed name", '{ x = config.flake.modules.nixos."machines/nixos/${n}"; }', "uncertain mentions :1"],
  ["a module by a name", "{ x = config.flake.modules.nixos.${n}; }", "uncertain mentions :1"],
  ["a module of a computed kind", "{ x = config.flake.modules.${c}.base; }", "uncertain mentions :1"],
  ["another computed name", '{ x = config.flake.modules.nixos."users/${n}"; }'],
  ["names put together", '{ x = "machines/nixos/" + n; }', "uncertain mentions :1"],
  ["all modules given away", "{ x = builtins.attrValues config.flake.modules.nixos; }", "uncertain mentions :1"],
  ["all modules given away by a pipe", "{ x = self.modules.nixos |> f; }", "uncertain mentions :1"],
  ["all modules under another name", "{ x = { y = config.flake.modules.nixos; }; }", "uncertain mentions :1"],
];

for (const [title, cases] of Object.entries({ EXPORTS, REGISTRY, MENTIONS, UNCERTAIN })) {
  for (const [what, text, ...said] of cases) {
    test(`${title.toLowerCase()}: ${what}`, () => {
      assert.deepEqual(spell(readModuleFacts(text)).sort(), [...said].sort());
    });
  }
}

test("what clan itself imports leaves clan out", () => {
  const text = "{ machines.web01 = { }; inventory.machines.mac = { }; }";
  assert.deepEqual(spell(readModuleFacts(text, true)), ["machine web01 :1", "inventory mac :1"]);
  assert.deepEqual(spell(readModuleFacts(text)), []);
});

/** Files that would be slow if anything were done again for each of many. */
const HOSTILE: readonly (readonly [what: string, text: string])[] = [
  [
    "doubled and doubled",
    `let a0 = { x = 1; };${Array.from({ length: 60 }, (_, i) => `a${i + 1} = a${i} // a${i};`).join("")} in { clan.machines = a60; }`,
  ],
  ["in a circle", "let a = b // a.x; b = a // b.y; in { clan.machines = a; flake.modules.nixos = b; }"],
  ["a long path", `{ x = ${"a.".repeat(50_000)}b; ${"clan.".repeat(20_000)}machines = 1; }`],
  ["a long alias used often", `let m = ${"a.".repeat(20_000)}b; in [ ${"m.x ".repeat(20_000)} ]`],
  [
    "many entries of one value",
    `let v = { imports = [ ${'m."machines/nixos/a" '.repeat(20_000)} ]; }; in { clan.machines = { ${Array.from({ length: 20_000 }, (_, i) => `a${i} = v;`).join("")} }; }`,
  ],
  [
    "many names of let",
    `let ${Array.from({ length: 20_000 }, (_, i) => `a${i} = a${i + 1};`).join("")} in { clan.machines = a0; }`,
  ],
  ["many lets", `${"let a = 1; in ".repeat(300)}{ clan.machines = a; }`],
  [
    "many modules",
    `{ flake.modules.nixos = { ${Array.from({ length: 20_000 }, (_, i) => `"machines/nixos/${i}" = { };`).join("")} }; }`,
  ],
  ["words of one kind in many texts", `[ ${'"machines/nixos/a${x}" '.repeat(20_000)} ]`],
  [
    "names that every object has",
    "{ clan.machines.__proto__ = { }; clan.machines.constructor = { }; let_ = __proto__; }",
  ],
];

for (const [what, text] of HOSTILE) {
  test(`at once: ${what}`, () => {
    const started = process.cpuUsage();
    try {
      readModuleFacts(text).words();
    } catch (error) {
      assert.ok(error instanceof SecretsError, String(error));
    }
    // Of this process: others may keep the machine busy.
    const took = process.cpuUsage(started).user / 1000;
    assert.ok(took < 2000, `${took} ms`);
  });
}
