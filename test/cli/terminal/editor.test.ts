import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { type EditOutcome, type EditRequest, editText } from "../../../src/cli/terminal/editor.ts";
import { SecretsError } from "../../../src/errors.ts";
import { openScratch } from "../../../src/repo/scratch.ts";
import { HERE } from "../../../src/repo/scratch-bases.ts";

/** Not in memory, so that the tests run anywhere; `scratch.test.ts` looks after that. */
function makeScratch(t: TestContext) {
  const disk = mkdtempSync("/tmp/secrets-test-");
  t.after(() => rmSync(disk, { recursive: true, force: true }));
  const scratch = openScratch({ env: {}, allowDisk: true, system: { ...HERE, platform: "linux", shared: [], disk } });
  return { disk, scratch };
}

interface Session {
  readonly outcome?: EditOutcome;
  readonly error?: SecretsError;
  readonly saved: string[];
  readonly asked: string[];
  /** What each round of the editor saw, as far as the script copied it to `$SEEN`. */
  readonly seen: string[];
  /** Paths under the scratch base when the session was over. */
  readonly left: string[];
}

interface Options extends Partial<Omit<EditRequest, "initial" | "ask">> {
  readonly initial?: string | Uint8Array;
  readonly answers?: readonly boolean[];
  readonly name?: string;
}

/** One session with an editor that is a shell script; `$f` is the file, `$n` the round. */
async function edit(t: TestContext, script: string, options: Options = {}): Promise<Session> {
  const { disk, scratch } = makeScratch(t);
  const place = mkdtempSync("/tmp/secrets-test-");
  t.after(() => rmSync(place, { recursive: true, force: true }));
  const program = join(place, options.name ?? "vim");
  const prelude = `n=$(cat ${place}/n 2>/dev/null || echo 0); n=$((n + 1)); echo $n > ${place}/n
for f; do :; done
cp "$f" ${place}/seen.$n\n`;
  writeFileSync(program, `#!/bin/sh\n${prelude}${script}\n`);
  chmodSync(program, 0o755);
  const asked: string[] = [];
  const saved: string[] = [];
  const answers = [...(options.answers ?? [])];
  const { initial = "a: 1\n", answers: _, name: __, ...rest } = options;
  const request: EditRequest = {
    initial: Buffer.from(initial),
    extension: ".yaml",
    commentSign: "#",
    validate: async (bytes) =>
      Buffer.from(bytes).includes("bad")
        ? new SecretsError("E_TEST", "this is bad", { location: { line: 2, column: 3 }, hint: "make it good" })
        : undefined,
    save: async (bytes) => void saved.push(Buffer.from(bytes).toString()),
    env: { ...process.env, SECRETS_EDITOR: program },
    scratch,
    ask:
      options.answers === undefined
        ? undefined
        : async (question) => {
            asked.push(question);
            return answers.shift() ?? false;
          },
    ...rest,
  };
  const result = await editText(request).then(
    (outcome) => ({ outcome }),
    (error: SecretsError) => ({ error }),
  );
  const seen = readdirSync(place)
    .filter((name) => name.startsWith("seen."))
    .sort();
  const left = readdirSync(disk, { recursive: true, encoding: "utf8" })
    .map((path) => path.replace(/^secrets-scratch-\w+\/?/, ""))
    .filter(Boolean)
    .sort();
  return { ...result, saved, asked, seen: seen.map((name) => readFileSync(join(place, name), "utf8")), left };
}

/** The text that an error says is kept, and where. */
function kept(session: Session): string {
  const path = /your text is kept [^:]*: (\/.*)/.exec(session.error?.hint ?? "")?.[1];
  assert.ok(path !== undefined, session.error?.hint);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(dirname(path)), [path.slice(dirname(path).length + 1)]);
  return readFileSync(path, "utf8");
}

describe("an editor that", () => {
  const saves: [string, string, string][] = [
    ["writes in place", 'echo "a: 2" > "$f"', "a: 2\n"],
    ["replaces the file by another", 'echo "a: 2" > "$f.new"; mv "$f.new" "$f"', "a: 2\n"],
    ["makes the file readable by all", 'echo "a: 2" > "$f"; chmod 666 "$f"', "a: 2\n"],
    [
      "leaves swap and backup files",
      'cp "$f" "$f~"; cp "$f" "$(dirname $f)/.secret.yaml.swp"; mkdir "$(dirname $f)/d"; echo "a: 2" > "$f"',
      "a: 2\n",
    ],
    ["writes CRLF", 'printf "a: 2\\r\\nb: 3\\r\\n" > "$f"', "a: 2\nb: 3\n"],
    ["writes a byte order mark", 'printf "\\357\\273\\277a: 2\\n" > "$f"', "a: 2\n"],
    ["writes a single CR that is meant", 'printf "a: 2\\r\\nb: 3\\n" > "$f"', "a: 2\r\nb: 3\n"],
  ];
  for (const [what, script, text] of saves) {
    it(`${what}: saved, and nothing is left behind`, async (t) => {
      const session = await edit(t, script);
      assert.deepEqual([session.outcome, session.saved, session.left], ["saved", [text], []]);
    });
  }

  const keeps: [string, string, EditOutcome][] = [
    ["changes nothing", ":", "unchanged"],
    ["writes the same", 'cp "$f" "$f.x"; mv "$f.x" "$f"', "unchanged"],
    ["only turns the line breaks", 'printf "a: 1\\r\\n" > "$f"', "unchanged"],
    ["deletes the file", 'rm "$f"', "deleted"],
    ["empties the file", ': > "$f"', "emptied"],
  ];
  for (const [what, script, outcome] of keeps) {
    it(`${what}: nothing is saved, whether or not somebody says no`, async (t) => {
      for (const options of [{}, { answers: [] }]) {
        const session = await edit(t, script, options);
        assert.deepEqual([session.outcome, session.saved, session.left], [outcome, [], []]);
      }
    });
  }

  it("empties the file on purpose: the person is asked, and it is validated like any text", async (t) => {
    const session = await edit(t, ': > "$f"', { answers: [true] });
    assert.deepEqual([session.outcome, session.saved, session.asked.length], ["saved", [""], 1]);
  });

  for (const [what, end, message] of [
    ["ends with an error", "exit 3", /code 3/],
    ["is killed", "kill -KILL $$", /SIGKILL/],
  ] as const) {
    it(`${what}: nothing is saved; a text that was written is kept, and only it`, async (t) => {
      const untouched = await edit(t, end);
      assert.deepEqual([untouched.error?.code, untouched.saved, untouched.left], ["E_EDITOR_FAILED", [], []]);
      assert.match(untouched.error?.message ?? "", message);
      const written = await edit(t, `echo "a: mine" > "$f"; cp "$f" "$f.swp"; touch "$TMPDIR/x"; ${end}`);
      assert.equal(written.error?.code, "E_EDITOR_FAILED");
      assert.equal(kept(written), "a: mine\n");
      assert.deepEqual(written.left, ["owner.json", "work", "work/text", "work/text/secret.yaml"]);
      assert.deepEqual(written.saved, []);
    });
  }

  it("leaves a link or a directory where the file was: refused", async (t) => {
    for (const script of ['rm "$f"; ln -s /etc/hostname "$f"', 'rm "$f"; mkdir "$f"', 'rm "$f"; mkfifo "$f"']) {
      const session = await edit(t, script);
      assert.deepEqual([session.error?.code, session.saved], ["E_EDIT_FILE", []], script);
    }
  });
});

describe("a text that cannot be saved", () => {
  it("comes back with the error, its line as it stands there, and the person's text; then it is saved without them", async (t) => {
    const script = 'case $n in 1) printf "a: 1\\nbad\\n" > "$f";; 2) sed -i s/bad/good/ "$f";; esac';
    const session = await edit(t, script);
    assert.deepEqual([session.outcome, session.saved, session.left], ["saved", ["a: 1\ngood\n"], []]);
    assert.deepEqual(session.seen[1]?.split("\n"), [
      "#!! this text cannot be saved: this is bad (line 5, column 3)",
      "#!! make it good",
      "#!! mend it and save; these lines go away. To give up, quit without a change.",
      "a: 1",
      "bad",
      "",
    ]);
  });

  it("uses the comment sign of its format", async (t) => {
    for (const commentSign of ["//", ";"] as const) {
      const script = 'case $n in 1) echo bad > "$f";; 2) sed -i s/^bad/good/ "$f";; esac';
      const session = await edit(t, script, { commentSign });
      assert.deepEqual(session.saved, ["good\n"]);
      assert.ok(session.seen[1]?.startsWith(`${commentSign}!! `));
    }
  });

  it("does not take the person's own lines for ours", async (t) => {
    const script = 'case $n in 1) echo bad >> "$f";; 2) sed -i "1,3d;s/^bad/good/" "$f";; esac';
    const session = await edit(t, script, { initial: "#!! mine\n" });
    assert.deepEqual(session.saved, ["#!! mine\ngood\n"]);
  });

  it("leaves no swap file for the next round to stumble over", async (t) => {
    const script =
      'ls -A "$(dirname $f)" > "$f.ls"; case $n in 1) echo bad > "$f"; touch "$f.swp";; 2) ls -A "$(dirname $f)" | tr "\\n" " " > "$f.x"; mv "$f.x" "$f";; esac';
    const session = await edit(t, script);
    assert.doesNotMatch(session.saved[0] ?? "", /swp/);
  });

  it("ends after a few rounds when nobody can be asked, and the text is kept", async (t) => {
    const session = await edit(t, 'echo "bad $n" > "$f"');
    assert.equal(session.error?.code, "E_EDIT_INVALID");
    assert.match(session.error?.message ?? "", /this is bad/);
    assert.equal(session.seen.length, 3);
    assert.equal(kept(session), "bad 3\n");
    const idle = await edit(t, '[ $n = 1 ] && echo bad > "$f"; exit 0');
    assert.equal(idle.seen.length, 2);
    assert.equal(kept(idle), "bad\n");
  });

  it("is asked about when it comes back as it was opened; a no keeps it", async (t) => {
    const script = '[ $n = 1 ] && echo bad > "$f"; [ $n = 3 ] && echo good > "$f"; exit 0';
    const yes = await edit(t, script, { answers: [true] });
    assert.deepEqual([yes.outcome, yes.saved, yes.asked.length], ["saved", ["good\n"], 1]);
    const no = await edit(t, script, { answers: [false] });
    assert.deepEqual([no.error?.code, kept(no), no.saved], ["E_EDIT_INVALID", "bad\n", []]);
  });

  it("is kept when the next round deletes or empties it, or fails", async (t) => {
    for (const then of ['rm "$f"', ': > "$f"', "exit 1", 'rm "$f"; exit 1']) {
      const session = await edit(t, `case $n in 1) echo "bad mine" > "$f";; 2) ${then};; esac`, { answers: [] });
      assert.equal(kept(session), "bad mine\n", then);
    }
  });

  it("gets no header in raw bytes, where there are no comments: the person is asked instead", async (t) => {
    const script = 'case $n in 1) printf "bad\\r\\n" > "$f";; 2) printf "\\357\\273\\277x\\r\\n" > "$f";; esac';
    const session = await edit(t, script, { commentSign: undefined, extension: "", answers: [true] });
    assert.deepEqual(session.seen, ["a: 1\n", "bad\r\n"]);
    assert.deepEqual(session.saved, ["\ufeffx\r\n"]);
    assert.match(session.asked[0] ?? "", /this is bad/);
    const nobody = await edit(t, script, { commentSign: undefined, extension: "" });
    assert.equal(kept(nobody), "bad\r\n");
  });
});

describe("a text that is valid and still not written", () => {
  for (const [what, thrown, code] of [
    [
      "a conflict",
      new SecretsError("E_EDIT_CONFLICT", "moved", { kind: "conflict", hint: "again" }),
      "E_EDIT_CONFLICT",
    ],
    ["an interruption", new SecretsError("E_INTERRUPTED", "stopped", { kind: "interrupted" }), "E_INTERRUPTED"],
    ["a fault of our own", new TypeError("x"), "E_IO"],
  ] as const) {
    it(`is kept after ${what}`, async (t) => {
      const save = async () => {
        throw thrown;
      };
      const session = await edit(t, 'echo "a: mine" > "$f"', { save });
      assert.equal(session.error?.code, code);
      assert.equal(kept(session), "a: mine\n");
    });
  }
});

describe("an editor that returns at once", () => {
  it("is asked about when it may have a window, and its text read again after a yes", async (t) => {
    for (const name of ["code", "my-editor"]) {
      const session = await edit(t, ":", { name, answers: [false] });
      assert.deepEqual([session.outcome, session.asked.length, session.left], ["returned-at-once", 1, []]);
      assert.equal((await edit(t, ":", { name })).outcome, "returned-at-once");
      const later = await edit(t, '(sleep 0.2; echo "a: 2" > "$f") >/dev/null 2>&1 &', {
        name,
        ask: async () => {
          await new Promise((resolve) => setTimeout(resolve, 500));
          return true;
        },
      } as Options & Pick<EditRequest, "ask">);
      assert.deepEqual([later.outcome, later.saved], ["saved", ["a: 2\n"]]);
    }
  });

  it("is believed when it took its time", async (t) => {
    assert.equal((await edit(t, "sleep 1.1", { name: "code" })).outcome, "unchanged");
  });
});

it("gives the editor a neutral name, the extension, a TMPDIR of its own, and no key", async (t) => {
  const script = 'echo "$f $TMPDIR ${SOPS_AGE_KEY-none} $#" > "$f"';
  process.env["SOPS_AGE_KEY"] = "canary";
  t.after(() => {
    delete process.env["SOPS_AGE_KEY"];
  });
  const session = await edit(t, script, { name: "ed" });
  assert.match(session.saved[0] ?? "", /^(\S+)\/text\/secret\.yaml \1\/tmp none 1\n$/);
});

it("shows the plain text to nobody else while it is edited", async (t) => {
  const session = await edit(
    t,
    'd=$(dirname "$f"); stat -c %a "$f" "$d" "$(dirname $d)" "$TMPDIR" > "$f.x"; mv "$f.x" "$f"',
  );
  assert.deepEqual(session.saved, ["600\n700\n700\n700\n"]);
});

it("starts nothing and leaves nothing when there is no editor", async (t) => {
  const { disk, scratch } = makeScratch(t);
  const base = { initial: Buffer.of(), extension: "", commentSign: undefined, ask: undefined, scratch };
  const never = async () => assert.fail("not reached");
  await assert.rejects(editText({ ...base, validate: never, save: never, env: { EDITOR: "no-such-editor" } }), {
    code: "E_EDITOR_MISSING",
  });
  assert.deepEqual(readdirSync(disk), []);
  assert.equal(existsSync(scratch.directory), false);
  mkdirSync(join(disk, "x"));
});
