import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import fc from "fast-check";
import { dataKeyAges, isOlder, parseAge } from "../../src/actions/data-key-age.ts";
import type { Root } from "../../src/repo/root.ts";
import { git, makeDirectory, makeGitRoot } from "../repo/fleet.ts";
import {
  ageOf,
  type Commits,
  DAY,
  type Draft,
  data,
  NOW,
  repositoryOf,
  START,
  textOf,
  told,
} from "./document-histories.ts";

const a: Draft = { wrapped: ["a0", "a1"], values: ["x", "y"], day: 0 };
const edited: Draft = { ...a, values: ["x2", "y2"], day: 10 };
const rewrapped: Draft = { ...a, wrapped: ["b0", "b1"], day: 20 };
const rewrappedAndEdited: Draft = { ...rewrapped, values: ["x3", "y3"], day: 30 };
const rotated: Draft = { wrapped: ["c0", "c1"], values: ["x4", "y4"], day: 40 };

describe("dataKeyAges", () => {
  it("finds where the key of the present file began", async (t) => {
    const cases: readonly (readonly [name: string, commits: Commits, present: Draft, expected: string])[] = [
      ["one commit", [[0, textOf(a)]], a, "history 0"],
      [
        "edits keep the wrapped keys",
        [
          [0, textOf(a)],
          [10, textOf(edited)],
        ],
        edited,
        "history 0",
      ],
      [
        "wrapping anew keeps the values",
        [
          [0, textOf(a)],
          [20, textOf(rewrapped)],
        ],
        rewrapped,
        "history 0",
      ],
      [
        "wrapped anew, then every value edited: linked by the version between",
        [
          [0, textOf(a)],
          [20, textOf(rewrapped)],
          [30, textOf(rewrappedAndEdited)],
        ],
        rewrappedAndEdited,
        "history 0",
      ],
      [
        "the same in one commit looks younger",
        [
          [0, textOf(a)],
          [30, textOf(rewrappedAndEdited)],
        ],
        rewrappedAndEdited,
        "history 30",
      ],
      [
        "one reader of two stays",
        [
          [0, textOf(a)],
          [5, textOf({ ...edited, wrapped: ["a1"] })],
        ],
        { ...edited, wrapped: ["a1"] },
        "history 0",
      ],
      [
        "another layout",
        [
          [0, textOf(a)],
          [10, textOf({ ...edited, indent: "  " })],
        ],
        { ...edited, indent: "  " },
        "history 0",
      ],
      [
        "a new key",
        [
          [0, textOf(a)],
          [40, textOf(rotated)],
        ],
        rotated,
        "history 40",
      ],
      [
        "a new key, and edits since",
        [
          [0, textOf(a)],
          [40, textOf(rotated)],
          [50, textOf({ ...rotated, values: ["z"] })],
        ],
        { ...rotated, values: ["z"] },
        "history 40",
      ],
      [
        "a rotation that was taken back",
        [
          [0, textOf(a)],
          [40, textOf(rotated)],
          [50, textOf(a)],
        ],
        a,
        "history 0",
      ],
      [
        "and was edited in the same commit",
        [
          [0, textOf(a)],
          [40, textOf(rotated)],
          [50, textOf(edited)],
        ],
        edited,
        "history 0",
      ],
      [
        "removed, and back",
        [
          [0, textOf(a)],
          [1, undefined],
          [50, textOf(edited)],
        ],
        edited,
        "history 0",
      ],
      [
        "a conflict was committed",
        [
          [0, textOf(a)],
          [1, `<<<<<<<\n${textOf(a)}`],
          [10, textOf(edited)],
        ],
        edited,
        "history 0",
      ],
      [
        "it once lay there in clear",
        [
          [0, "x: 1\n"],
          [10, textOf(a)],
        ],
        a,
        "history 10",
      ],
      ["an edit that is not committed", [[0, textOf(a)]], edited, "history 0"],
      ["a new key that is not committed", [[0, textOf(a)]], rotated, "uncommitted 40"],
      [
        "no key at all is never the same",
        [[0, textOf({ ...a, wrapped: [""], values: [""] })]],
        { ...a, wrapped: [""], values: [""] },
        "uncommitted 0",
      ],
    ];
    for (const [name, commits, present, expected] of cases) {
      assert.equal(await told(repositoryOf(t, commits), present), expected, name);
    }
  });

  it("believes no date before sops or in the future, as long as another one tells", async (t) => {
    const ancient = (Date.UTC(1971) - START) / DAY;
    const cases: readonly (readonly [name: string, commits: Commits, present: Draft, expected: string])[] = [
      [
        "a clock that was not set",
        [
          [ancient, textOf(a)],
          [10, textOf(edited)],
        ],
        edited,
        "history 10",
      ],
      [
        "a clock far ahead",
        [
          [0, textOf(a)],
          [9000, textOf(edited)],
        ],
        edited,
        "history 0",
      ],
      [
        "first ahead, then right",
        [
          [9000, textOf(a)],
          [10, textOf(edited)],
        ],
        edited,
        "history 10",
      ],
      ["a clock an hour fast", [[1000 + 1 / 24, textOf(a)]], a, "history 1000"],
      [
        "none that can be used",
        [
          [ancient, textOf(a)],
          [9000, textOf(edited)],
        ],
        edited,
        "lastmodified 10",
      ],
      ["none at all", [[9000, textOf(a)]], { ...a, day: 9000 }, "lastmodified 1000"],
    ];
    for (const [name, commits, present, expected] of cases) {
      assert.equal(await told(repositoryOf(t, commits), present), expected, name);
    }
  });

  it("takes what the file says of its last change where nothing else tells", async (t) => {
    assert.equal(await told(repositoryOf(t, [[0, textOf(a)]], "other.yaml"), edited), "lastmodified 10");
    assert.equal(await told(makeGitRoot(t), edited), "lastmodified 10");
    const path = makeDirectory(t);
    assert.equal(await told({ path, git: undefined, state: join(path, "state") }, edited), "lastmodified 10");
  });

  it("says that a shallow history, or one without its contents, is no proof of youth", async (t) => {
    const commits: Commits = [
      [0, textOf(a)],
      [10, textOf(edited)],
      [40, textOf(rotated)],
      [50, textOf({ ...rotated, values: ["z"] })],
    ];
    const root = repositoryOf(t, commits);
    const ids = git(root.path, "rev-list", "main").split("\n");
    const cutAt = (id: string | undefined) => writeFileSync(join(root.path, ".git", "shallow"), `${id}\n`);
    cutAt(ids[0]);
    assert.equal(await told(root, rotated), "shallow 50");
    cutAt(ids[1]);
    assert.equal(await told(root, rotated), "shallow 40");
    // Here the change of the key itself is still to be seen.
    cutAt(ids[2]);
    assert.equal(await told(root, rotated), "history 40");

    // The boundary's own date cannot be believed, and it is a boundary all the same.
    const ahead = repositoryOf(t, [
      [9000, textOf(a)],
      [10, textOf(edited)],
    ]);
    writeFileSync(join(ahead.path, ".git", "shallow"), git(ahead.path, "rev-parse", "main^"));
    assert.equal(await told(ahead, edited), "shallow 10");

    const lacking = repositoryOf(t, commits);
    const blob = git(lacking.path, "rev-parse", "main~2:f.yaml").trim();
    execFileSync("git", ["unpack-objects", "-q"], { cwd: lacking.path, input: takePack(lacking) });
    execFileSync("rm", ["-f", join(lacking.path, ".git", "objects", blob.slice(0, 2), blob.slice(2))]);
    assert.equal(await told(lacking, rotated), "shallow 40");
  });

  it("follows the branches of a merge", async (t) => {
    const root = repositoryOf(t, [[0, textOf(a)]]);
    const at = (day: number) => `committer t <t@example.org> ${(START + day * DAY) / 1000} +0000\n${data("")}`;
    const file = (draft: Draft) => `M 100644 inline f.yaml\n${data(textOf(draft))}\n`;
    const merge = "from refs/heads/main^0\nmerge refs/heads/side\n";
    const stream = [
      `commit refs/heads/side\n${at(40)}from refs/heads/main^0\n${file(rotated)}`,
      `commit refs/heads/main\n${at(45)}from refs/heads/main^0\nM 100644 inline other\n${data("")}\n`,
      `commit refs/heads/main\n${at(60)}${merge}${file(rotated)}`,
    ];
    execFileSync("git", ["fast-import", "--quiet"], { cwd: root.path, input: stream.join("") });
    assert.equal(await told(root, rotated), "history 40");
  });

  it("agrees with whoever knows the keys, whatever was done to the file", async (t) => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant("edit" as const), at: fc.nat(1) }),
      fc.constant({ kind: "rewrap" as const }),
      fc.constant({ kind: "rotate" as const }),
      fc.record({ kind: fc.constant("back" as const), to: fc.nat(20) }),
      fc.constantFrom({ kind: "damage" as const }, { kind: "remove" as const }),
    );
    const run = fc.record({
      steps: fc.array(step, { maxLength: 12 }),
      uncommitted: fc.boolean(),
      cut: fc.option(fc.nat(11)),
      limit: fc.integer({ min: -1, max: 14 }),
    });
    await fc.assert(
      fc.asyncProperty(run, async ({ steps, uncommitted, cut, limit }) => {
        let fresh = 0;
        const made = () => `${fresh++}`;
        const first = { key: 0, draft: { wrapped: [made(), made()], values: [made(), made()], day: 0 } as Draft };
        let present = first;
        const past = [first];
        const commits: [number, string | undefined, number | undefined][] = [[0, textOf(first.draft), 0]];
        for (const [index, done] of steps.entries()) {
          const day = index + 1;
          const { key, draft } = present;
          if (done.kind === "damage" || done.kind === "remove") {
            const text = done.kind === "damage" ? `<<<<<<<\n${textOf(draft)}` : undefined;
            // To remove what is gone would be no commit.
            if (text !== undefined || commits.at(-1)?.[1] !== undefined) commits.push([day, text, undefined]);
            continue;
          }
          if (done.kind === "edit") {
            const values = draft.values.map((value, at) => (at === done.at ? made() : value));
            present = { key, draft: { ...draft, values, day } };
          } else if (done.kind === "rewrap") present = { key, draft: { ...draft, wrapped: [made(), made()], day } };
          else if (done.kind === "back") present = past[done.to % past.length] ?? first;
          else present = { key: day, draft: { wrapped: [made(), made()], values: [made(), made()], day } };
          past.push(present);
          if (!uncommitted || index < steps.length - 1) commits.push([day, textOf(present.draft), present.key]);
        }
        const root = repositoryOf(t, commits);
        const boundary = cut === null ? -1 : cut % commits.length;
        if (boundary >= 0) {
          const id = git(root.path, "rev-list", "--reverse", "main").split("\n")[boundary];
          writeFileSync(join(root.path, ".git", "shallow"), `${id}\n`);
        }
        const seen = commits.slice(Math.max(boundary, 0));
        const carrier = seen.find(([, , key]) => key === present.key);
        const anything = seen.some(([, text]) => text !== undefined);
        const source =
          carrier === undefined
            ? anything
              ? "uncommitted"
              : "lastmodified"
            : boundary >= 0 && carrier === seen[0]
              ? "shallow"
              : "history";
        const expected = `${source} ${carrier?.[0] ?? present.draft.day}`;
        assert.equal(await told(root, present.draft), expected);
        // Asked for a limit alone, the answer to it is the same.
        const bound = new Date(START + limit * DAY);
        const whole = isOlder(await ageOf(root, present.draft), bound);
        assert.equal(isOlder(await ageOf(root, present.draft, { now: NOW, limit: bound }), bound), whole);
      }),
      { numRuns: Number(process.env["RUNS"] ?? 25) },
    );
  });

  it("reads nothing of a document that is younger as a whole", async (t) => {
    const root = repositoryOf(t, [
      [0, textOf(a)],
      [40, textOf(rotated)],
    ]);
    const ground = { read: async () => assert.fail("nothing is to be read") };
    const document = { path: "f.yaml", format: "yaml", lastModified: "2026-01-01T00:00:00Z" } as const;
    const ages = await dataKeyAges(root, ground, [document], { now: NOW, limit: new Date(START - DAY) });
    assert.deepEqual(ages.get("f.yaml"), { since: new Date(START), source: "history" });
    await assert.rejects(dataKeyAges(root, ground, [document], { now: NOW, limit: new Date(START) }));
  });
});

describe("isOlder", () => {
  it("is certain of age whatever tells it, and of youth only when something proves it", () => {
    const limit = new Date(START);
    const [old, young] = [new Date(START), new Date(START + 1)];
    for (const [source, youth] of [
      ["history", false],
      ["uncommitted", false],
      ["shallow", undefined],
      ["lastmodified", undefined],
    ] as const) {
      assert.equal(isOlder({ since: old, source }, limit), true);
      assert.equal(isOlder({ since: young, source }, limit), youth);
    }
  });
});

describe("parseAge", () => {
  it("reads hours, days, weeks and years", () => {
    assert.deepEqual(
      ["12h", "90d", "12w", "1y", "0d"].map((text) => parseAge(text) / DAY),
      [0.5, 90, 84, 365, 0],
    );
  });

  it("refuses what could be meant otherwise", () => {
    for (const text of ["", "90", "d", "6m", "90D", " 90d", "-1d", "1.5d", "1d2h", "999999d", "90 d"]) {
      assert.throws(() => parseAge(text), { code: "E_USAGE", kind: "usage", hint: /90d/ }, text);
    }
  });
});

/** Takes the pack out of a repository, so that its objects can be put back one by one. */
function takePack(root: Root): Buffer {
  const pack = execFileSync("git", ["pack-objects", "-q", "--all", "--stdout"], { cwd: root.path, input: "" });
  execFileSync("rm", ["-rf", join(root.path, ".git", "objects", "pack")]);
  return pack;
}
