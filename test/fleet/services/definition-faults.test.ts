import assert from "node:assert/strict";
import { test } from "node:test";
import { faultsOf } from "./definitions.ts";

const WRONG: readonly (readonly [what: string, text: string, faults: readonly string[]])[] = [
  [
    "nothing",
    "",
    ["1:1 a definition is a map: kind, machines, files, … (secrets service new writes one to begin with)"],
  ],
  [
    "a comment alone",
    "# later\n",
    ["1:1 a definition is a map: kind, machines, files, … (secrets service new writes one to begin with)"],
  ],
  [
    "a list",
    "- a\n",
    ["1:1 a definition is a map: kind, machines, files, … (secrets service new writes one to begin with)"],
  ],
  [
    "a text",
    "secret\n",
    ["1:1 a definition is a map: kind, machines, files, … (secrets service new writes one to begin with)"],
  ],
  [
    "an unknown key",
    "machines: [web01]\nkind: random\nfile: {}\n",
    ['3:1 file: there is no "file" here (did you mean files?)'],
  ],
  [
    "an unknown attribute",
    "machines: [web01]\nkind: random\nfiles:\n  a: { onwer: x }\n",
    ['4:8 files/a/onwer: there is no "onwer" here (did you mean owner?)'],
  ],
  [
    "an unknown attribute of a prompt",
    "machines: [web01]\nprompts: { a: { persist: true, kind: line } }\n",
    ['2:32 prompts/a/kind: there is no "kind" here (known here: type, description, persist)'],
  ],
  [
    "an unknown option",
    "machines: [web01]\nkind: random\noptions: { size: 3 }\n",
    ['3:12 options/size: there is no "size" here (known here: bytes, encoding)'],
  ],
  [
    "an option of a kind without any",
    "machines: [web01]\nkind: wireguard-key\noptions: { size: 3 }\n",
    ['3:12 options/size: there is no "size" here (nothing can stand here)'],
  ],
  [
    "an option of the kind prompt",
    "machines: [web01]\nkind: prompt\noptions: { size: 3 }\nprompts: { a: { persist: true } }\n",
    ['3:12 options/size: there is no "size" here (nothing can stand here)'],
  ],
  [
    "options and no kind",
    "machines: [web01]\noptions: { size: 3 }\nprompts: { a: { persist: true } }\n",
    ["2:10 options: options belong to a kind, and there is none"],
  ],
  [
    "an option out of bounds",
    "machines: [web01]\nkind: random\noptions: { bytes: 0 }\n",
    ["3:19 options/bytes: bytes has to be a whole number from 1 to 65536"],
  ],
  [
    "a number in quotes",
    "machines: [web01]\nkind: random\noptions: { bytes: '3' }\n",
    ["3:19 options/bytes: bytes has to be a whole number from 1 to 65536"],
  ],
  [
    "a fraction",
    "machines: [web01]\nkind: random\noptions: { bytes: 3.0 }\n",
    ["3:19 options/bytes: bytes has to be a whole number from 1 to 65536"],
  ],
  [
    "an unknown choice",
    "machines: [web01]\nkind: random\noptions: { encoding: hexx }\n",
    ["3:22 options/encoding: encoding has to be one of raw, hex, base64, base64url, uuid (did you mean hex?)"],
  ],
  [
    "a number where a text is meant",
    "machines: [web01]\nkind: passphrase\noptions: { separator: 7 }\n",
    ['3:23 options/separator: separator has to be a text, and without quotes this is a number (separator: "7")'],
  ],
  [
    "a text where a switch is meant",
    "machines: [web01]\nkind: age-key\noptions: { postQuantum: 'true' }\n",
    ["3:25 options/postQuantum: postQuantum has to be true or false"],
  ],
  [
    "an unknown kind",
    "machines: [web01]\nkind: rendom\noptions: { bytes: 1 }\nfiles: { a: { output: value } }\n",
    [
      "2:7 kind: kind has to be one of ssh-key, age-key, password, passphrase, password-hash, random, x509-ca, x509-cert, wireguard-key, prompt, external, copy (did you mean random?)",
    ],
  ],
  [
    "no kind behind the key",
    "machines: [web01]\nkind:\n",
    [
      "2:6 kind: kind is empty (ssh-key, age-key, password, passphrase, password-hash, random, x509-ca, x509-cert, wireguard-key, prompt, external, copy)",
    ],
  ],
  [
    "a kind and a script",
    "machines: [web01]\nkind: random\nscript: exit 0\nfiles: { a: }\n",
    ["2:7 kind: a service has a kind or a script, not both (take one of them out)"],
  ],
  [
    "neither",
    "machines: [web01]\nfiles: { a: }\n",
    ["1:1 kind: nothing says how it is made: a kind, a script, or a prompt that persists"],
  ],
  [
    "a script without a text",
    "machines: [web01]\nscript: ' '\nfiles: { a: }\n",
    ["2:9 script: the script is empty (it writes each file: … > $out/NAME)"],
  ],
  [
    "a script that makes nothing",
    "machines: [web01]\nscript: exit 0\n",
    ["1:1 files: this service makes no file (name what it makes: files: { NAME: {} })"],
  ],
  [
    "an output of a script",
    "machines: [web01]\nscript: exit 0\nfiles: { a: { output: value } }\n",
    ["3:23 files/a/output: output says what of a kind goes into this file, and nothing here has outputs"],
  ],
  [
    "programs without a script",
    "machines: [web01]\nkind: random\nruntimeInputs: [openssl]\n",
    ["3:16 runtimeInputs: runtimeInputs belong to a script, and there is none"],
  ],
  [
    "an argument instead of a program",
    "machines: [web01]\nscript: exit 0\nruntimeInputs: ['-x', ../sh]\nfiles: { a: }\n",
    ['3:17 runtimeInputs: "-x" is no name of a program', '3:23 runtimeInputs: "../sh" is no name of a program'],
  ],
  [
    "no machine",
    "kind: random\n",
    [
      "1:1 machines: nothing says which machines have this service (machines: [NAME, …], machines: all, or groups: [NAME])",
    ],
  ],
  [
    "machines without a name",
    "machines: []\nkind: random\n",
    ["1:1 machines: no machine has this service (share: true makes one set of values for people alone)"],
  ],
  [
    "one machine without brackets",
    "machines: web01\nkind: random\n",
    ["1:11 machines: machines has to be a list (machines: [web01])"],
  ],
  [
    "an unknown machine",
    "machines: [web01, web03]\nkind: random\n",
    ['1:19 machines: there is no machine "web03" (did you mean web01 or web02?)'],
  ],
  [
    "an unknown group",
    "groups: [admin]\nkind: random\n",
    ['1:10 groups: there is no group "admin" (did you mean admins?)'],
  ],
  [
    "people alone, each with a value of their own",
    "groups: [admins]\nkind: random\n",
    ["1:1 machines: no machine has this service (share: true makes one set of values for people alone)"],
  ],
  [
    "a shared one that nobody reads",
    "share: true\nmachines: []\nkind: random\n",
    ["1:1 machines: nobody reads this service: neither a machine nor a person"],
  ],
  [
    "a reader of no kind",
    "machines: [web01]\nreaders: [ada]\nkind: random\n",
    ["2:11 readers: a reader is users/NAME or groups/NAME"],
  ],
  [
    "an unknown reader",
    "machines: [web01]\nreaders: [users/adda, groups/nobody]\nkind: random\n",
    [
      '2:11 readers: there is no user "adda" (did you mean ada?)',
      '2:23 readers: there is no group "nobody" (known: admins, mixed, web)',
    ],
  ],
  [
    "a name that is empty, a list among names",
    "machines: [web01]\nkind: random\nreaders: ['', [a]]\n",
    ["3:11 readers: an entry of readers is empty", "3:15 readers: an entry of readers has to be a text"],
  ],
];
for (const [what, text, faults] of WRONG) {
  test(`told at its place: ${what}`, async () => assert.deepEqual(await faultsOf(text), faults));
}
