import assert from "node:assert/strict";
import { it } from "node:test";
import { scaffoldModule } from "../../../src/actions/machine/scaffold.ts";

it("is a module in its folder, exported by the name that the registry looks for", () => {
  for (const [name, platform, attribute] of [
    ["web", "nixos", "web"],
    ["mac", "darwin", "mac"],
    ["4th", "nixos", '"4th"'],
    ["in", "nixos", '"in"'],
  ] as const) {
    const { path, text, registration, registry } = scaffoldModule(name, platform);
    const namespace = `flake.modules.${platform}."machines/${platform}/${name}"`;
    assert.equal(path, `modules/machines/${platform}/${name}/default.nix`);
    assert.ok(text.includes(`${namespace} =`));
    assert.ok(text.includes(`networking.hostName = "${name}";`));
    assert.equal(registration[0], `clan.machines.${attribute}.imports = [ config.${namespace} ];`);
    assert.equal(registration.length, platform === "darwin" ? 2 : 1);
    assert.equal(registry, "modules/clan/machines.nix");
  }
});
