/**
 * Changes of access in a repository that somebody prepared: nothing outside of the root is written, and no byte of the
 * repository reaches the terminal as a command to it.
 */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { run } from "../../src/repo/program.ts";
import { sampleFleet } from "../cli/sample.ts";
import { FILE, VAR } from "./access-sample.ts";
import { ageHolder, type Holder, publicHalf } from "./access-witness.ts";
import { talkTo } from "./pseudo-terminal.ts";
import {
  copyOf,
  type Ended,
  type Place,
  quickDirectory,
  runIn,
  runUnderFire,
  type Tree,
  treeOf,
  until,
} from "./under-fire.ts";

interface Prepared {
  readonly place: Place;
  /** A directory beside the root; the tree of it must stay as it is. */
  readonly outside: string;
  readonly chiara: string;
  readonly mallory: Holder;
  readonly git: (...argv: string[]) => Promise<void>;
}

/** Everything that changes access, as ada, on all that she can open. */
const COMMANDS = [
  ["sync", "--yes"],
  ["rotate", "data-keys", "vars", "sops", "secrets/services", "--yes"],
  ["grant", "chiara", VAR, FILE, "--yes"],
  ["revoke", "machines/web01", FILE, "--yes"],
  ["group", "add", "ops", "chiara", "--yes"],
  ["user", "rename", "chiara", "carla", "--yes"],
  ["machine", "rm", "backup01", "--yes"],
];

/** What a terminal would act on, or show as something else. */
const NASTY = "x\u001b[2J\u001b]0;pwned\u0007\r\n\u009b31m\u202egnp\u2028y";

// Most of the time each of them waits for another process.
describe("changes of access in a prepared repository", { concurrency: 2 }, () => {
  test("documents that are links to the outside", async (t) => {
    const { place, outside } = await prepared(t);
    const inside = (path: string) => join(place.root, path);
    for (const path of [FILE, VAR]) {
      const kept = join(outside, path.replaceAll("/", "-"));
      await rename(inside(path), kept);
      await symlink(kept, inside(path));
    }
    await symlink(outside, inside("secrets/services/more"));
    await proveUntouched(t, place, outside, COMMANDS);
  });

  test("people, machines and groups that are links to the outside", async (t) => {
    const { place, outside, mallory } = await prepared(t);
    const inside = (path: string) => join(place.root, "sops", path);
    await mkdir(join(outside, "users"));
    await writeFile(join(outside, "key.json"), JSON.stringify([{ publickey: mallory.recipient, type: "age" }]));
    await symlink(outside, inside("users/mallory"));
    await symlink(outside, inside("machines/mallory"));
    await symlink(outside, inside("groups/mallory"));
    await symlink("../../../users/mallory", inside("groups/admins/users/mallory"));
    const at = join(place.root, "vars/per-machine/web01/acme/dns-token");
    await mkdir(join(at, "users"));
    await symlink("../../../../../../sops/users/mallory", join(at, "users/mallory"));
    await symlink(outside, join(at, "machines/mallory"));
    const next = await publicHalf(place.key);
    await proveUntouched(t, place, outside, [
      ...COMMANDS,
      ["rotate", "user", "mallory", "--to", next, "--force", "--yes"],
      ["user", "add-key", "mallory", next, "--force", "--yes"],
      ["user", "rename", "mallory", "mal", "--yes"],
      ["user", "rm", "mallory", "--yes"],
      ["machine", "rm", "mallory", "--yes"],
      ["group", "add-member", "mallory", "chiara", "--yes"],
      ["group", "rm", "mallory", "--yes"],
    ]);
    for (const path of treeOf(place.root).keys()) {
      if (path.endsWith("/secret") || path === FILE)
        assert.ok(!(await readFile(join(place.root, path), "utf8")).includes(mallory.recipient), path);
    }
  });

  for (const target of ["outside", "inside"] as const) {
    test(`a .sops.yaml that is a link, ${target}`, async (t) => {
      const { place, outside } = await prepared(t);
      const config = join(place.root, ".sops.yaml");
      const kept = target === "outside" ? join(outside, "rules.yaml") : join(place.root, "rules.yaml");
      await rename(config, kept);
      await symlink(target === "outside" ? kept : "rules.yaml", config);
      const before = await readFile(kept, "utf8");
      const ended = await proveUntouched(t, place, outside, COMMANDS);
      const refused = target === "outside" ? /E_POLICY_UNCLEAR/ : /E_IN_THE_WAY.*\.sops\.yaml/s;
      assert.ok(ended.some(({ code, stderr }) => code === 2 && refused.test(stderr)));
      assert.equal(treeOf(place.root).get(".sops.yaml"), `-> ${target === "outside" ? kept : "rules.yaml"}`);
      assert.equal(await readFile(kept, "utf8"), before);
    });
  }

  for (const [when, apply] of [
    ["between the plan and the yes", atTheQuestion],
    ["at the commit point", whilePaused(1)],
    ["with some of the files in place", whilePaused(6)],
  ] as const) {
    test(`a folder that becomes a link to the outside ${when}`, async (t) => {
      const { place, outside } = await prepared(t);
      // The same documents, so that only the place tells that they are others.
      const folder = join(place.root, "vars/per-machine");
      const copy = join(outside, "per-machine");
      await run(["cp", "-a", folder, copy]);
      const before = [treeOf(place.root), treeOf(outside)];
      const swap = async () => {
        await rename(folder, join(place.root, "../aside"));
        await symlink(copy, folder);
      };
      const argv = ["rotate", "data-keys", "vars", "secrets/services"];
      const { code, stderr } = await apply(t, place, argv, swap);
      t.diagnostic(`${code} ${/E_\w+/.exec(stderr)?.[0]}`);
      assert.ok(code === 2 || code === 5 || code === 6, stderr);
      assert.deepEqual(treeOf(outside), before[1]);
      // Put back, everything is as it was, if need be after the next command has mended it.
      await rm(folder);
      await rename(join(place.root, "../aside"), folder);
      const next = await runIn(place, ["status"]);
      assert.equal(next.code, 0, next.stderr);
      assert.deepEqual(treeOf(place.root), before[0]);
      assert.equal(existsSync(join(place.state, "transaction")), false);
    });
  }

  test("names, rules and authors with escape sequences in them", async (t) => {
    const { place, outside, mallory, git } = await prepared(t);
    const inside = (path: string) => join(place.root, path);
    const keyJson = JSON.stringify([{ publickey: mallory.recipient, type: "age" }]);
    for (const kind of ["users", "machines"]) {
      await mkdir(inside(`sops/${kind}/${NASTY}`));
      await writeFile(inside(`sops/${kind}/${NASTY}/key.json`), keyJson);
    }
    await mkdir(inside(`sops/groups/${NASTY}/users`), { recursive: true });
    await symlink(`../../../users/${NASTY}`, inside(`sops/groups/${NASTY}/users/${NASTY}`));
    const at = "vars/per-machine/web01/acme/dns-token";
    await mkdir(inside(`${at}/users`));
    await symlink(`../../../../../../sops/users/${NASTY}`, inside(`${at}/users/${NASTY}`));
    await symlink(`../../../../../../sops/machines/${NASTY}`, inside(`${at}/machines/${NASTY}`));
    await mkdir(inside(`secrets/services/${NASTY}`));
    await writeFile(
      inside(`secrets/services/${NASTY}/a.json`),
      await readFile(inside("secrets/services/monitoring.json")),
    );
    const rules = await readFile(inside(".sops.yaml"), "utf8");
    const rule = `  - path_regex: ${JSON.stringify(`${NASTY}(`)}\n    age: ${mallory.recipient} # \u001b[2J\n`;
    await writeFile(inside(".sops.yaml"), `${rules}${rule}`);
    await git("add", "--all");
    await git("-c", `user.name=M${NASTY.replaceAll(/[\r\n]/g, "")}`, "commit", "--quiet", "-m", `In ${NASTY}`);
    const ended = await proveUntouched(t, place, outside, [
      ["status"],
      ["check"],
      ["user", "ls"],
      ["machine", "ls"],
      ["group", "ls"],
      ["trust", "ls"],
      ["access"],
      ...COMMANDS,
      ["sync", at, "--yes"],
      ["trust", "accept", mallory.recipient, "--yes"],
      ["sync", at, "--yes"],
      ["rotate", "data-keys", at, "--yes", "--commit"],
      ["revoke", NASTY, VAR, "--yes"],
      ["user", "rename", NASTY, "plain", "--yes"],
      ["user", "add", `${NASTY}2`, "--age-key", mallory.recipient, "--no-documents", "--yes"],
      ["user", "rm", NASTY, "--yes"],
      ["group", "rm", NASTY, "--yes"],
      ["undo", "--yes"],
    ]);
    // Escaped, and not left out: the person sees what is there.
    assert.ok(ended.some(({ stdout, stderr }) => /x\\x1b\[2J/.test(stdout + stderr)));
  });
});

async function atTheQuestion(t: TestContext, place: Place, argv: readonly string[], swap: () => Promise<void>) {
  const talk = await talkTo(t, place, argv);
  await talk.shows(/new data keys? .*\?/);
  await swap();
  talk.type("y\r");
  const { code, said } = await talk.ended();
  return { code, stderr: said };
}

function whilePaused(nth: number) {
  return async (_: TestContext, place: Place, argv: readonly string[], swap: () => Promise<void>): Promise<Ended> => {
    const point = { name: "?rename,?renameat,renameat2", nth, what: "" };
    const ended = runUnderFire(place, [...argv, "--yes"], point, "delay_enter=2000000");
    const record = join(place.state, "transaction", nth === 1 ? "apply.json.draft" : "apply.json");
    await until(() => existsSync(record));
    await sleep(300);
    await swap();
    assert.ok((await ended).hit);
    return ended;
  };
}

/** Runs the commands one after the other, whatever each ends with. */
async function proveUntouched(
  t: TestContext,
  place: Place,
  outside: string,
  commands: readonly (readonly string[])[],
): Promise<Ended[]> {
  const before: Tree = treeOf(outside);
  const all: Ended[] = [];
  for (const argv of commands) {
    const ended = await runIn(place, argv);
    const what = argv.map((word) => JSON.stringify(word)).join(" ");
    t.diagnostic(`${what}: ${ended.code} ${/E_\w+/.exec(ended.stderr)?.[0] ?? ""}`);
    assert.ok([0, 1, 2, 3, 4, 5].includes(ended.code ?? -1), `${what}: ${ended.code} ${ended.stderr}`);
    assert.doesNotMatch(ended.stderr, /E_INTERNAL/, what);
    for (const text of [ended.stdout, ended.stderr])
      assert.doesNotMatch(text, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2028\u2029]/, what);
    assert.deepEqual(treeOf(outside), before, what);
    all.push(ended);
  }
  return all;
}

async function prepared(t: TestContext): Promise<Prepared> {
  const fleet = await sampleFleet(t);
  const base = quickDirectory(t);
  const outside = join(base, "outside");
  await mkdir(outside);
  const place = copyOf({ root: fleet.root, key: fleet.keyOf("ada") }, join(base, "copy"));
  await rm(join(place.root, ".git/hooks"), { recursive: true });
  const git = async (...argv: string[]) => {
    const identity = ["-c", "user.name=test", "-c", "user.email=test@example.org"];
    const { code, stderr } = await run(["git", ...identity, ...argv], { cwd: place.root });
    assert.equal(code, 0, stderr);
  };
  const { code, stderr } = await runIn(place, ["sync", "--yes"]);
  assert.equal(code, 0, stderr);
  await git("commit", "--quiet", "--all", "-m", "In line");
  return { place, outside, chiara: fleet.keyOf("chiara"), mallory: await ageHolder(base, "mallory"), git };
}
