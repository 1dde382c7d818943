/** What is to be typed for people and machines whose keys do not fit. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { checkPrincipals } from "../../../src/actions/check/principals.ts";
import { makeAgeKey } from "../../../src/age/age-key.ts";
import { sshToAgeRecipient } from "../../../src/age/ssh.ts";
import { loadFleet } from "../../../src/fleet/fleet.ts";
import { type MemoryFiles, memoryGround } from "../../fleet/memory-ground.ts";
import { keyJson } from "../in-memory.ts";

const [ada, eve, web01] = [makeAgeKey(), makeAgeKey(), makeAgeKey()];
const ED25519 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIO+DUmrtoweXxBXbhVzUU3Gq/fEY+BElmIHsfq6QQvgq";
const RSA = `ssh-rsa ${Buffer.concat([
  Buffer.from("000000077373682d727361000000030100010000010100", "hex"),
  Buffer.alloc(256, 0xc1),
]).toString("base64")}`;
const ssh = (key: string) => JSON.stringify([{ publickey: key, type: "age" }]);
const anchors = (...lines: string[]) => `keys:\n${lines.map((line) => `  - &${line}\n`).join("")}`;

const CASES: readonly (readonly [
  what: string,
  files: MemoryFiles,
  ...found: (readonly [code: string, place: string, fix: string])[],
])[] = [
  [
    "a machine's Ed25519 key in clan's registry: the derived one is to be registered",
    { "sops/machines/nas/key.json": ssh(`${ED25519} root@nas`) },
    ["ssh-machine", "sops/machines/nas/key.json:1", `secrets rotate machine nas --to ${sshToAgeRecipient(ED25519)}`],
  ],
  [
    "in rules it is to be edited",
    { ".sops.yaml": anchors(`host_nas ${ED25519}`) },
    ["ssh-machine", ".sops.yaml:2", "$EDITOR +2 .sops.yaml"],
  ],
  [
    "there is no age key for an RSA key",
    { "sops/machines/nas/key.json": ssh(RSA) },
    ["ssh-machine", "sops/machines/nas/key.json:1", "$EDITOR +1 sops/machines/nas/key.json"],
  ],
  ["a person opens with an SSH key as well", { "sops/users/ada/key.json": ssh(ED25519) }],
  [
    "who is known to one tier only, either way",
    {
      "sops/users/ada/key.json": keyJson(ada),
      ".sops.yaml": anchors(`user_eve ${eve.recipient}`, `host_web01 ${web01.recipient}`),
    },
    ["one-tier", "sops/users/ada/key.json:1", `secrets user add ada --age-key ${ada.recipient} --no-documents`],
    ["one-tier", ".sops.yaml:3", `secrets machine add web01 --age-key ${web01.recipient}`],
    ["one-tier", ".sops.yaml:2", `secrets user add eve --age-key ${eve.recipient} --no-documents`],
  ],
  [
    "a bare name in rules may be anybody's: no registration is proposed",
    { "sops/users/ada/key.json": keyJson(ada), ".sops.yaml": anchors(`ada ${ada.recipient}`, `eve ${eve.recipient}`) },
    ["one-tier", ".sops.yaml:3", "$EDITOR +3 .sops.yaml"],
  ],
  [
    "a name with different keys: the rules are to be edited",
    {
      "sops/users/ada/key.json": keyJson(ada),
      ".sops.yaml": anchors(`ada ${eve.recipient}`),
    },
    ["tiers-disagree", "sops/users/ada/key.json:1", "$EDITOR +2 .sops.yaml"],
  ],
];

for (const [what, files, ...expected] of CASES) {
  test(what, async () => {
    const fleet = await loadFleet(memoryGround(files));
    assert.deepEqual(fleet.anomalies, []);
    const found = checkPrincipals(fleet).map(({ code, path, line, fix }) => [code, `${path}:${line}`, fix]);
    assert.deepEqual(found.sort(), expected.map((one) => [...one]).sort());
  });
}
