import assert from "node:assert/strict";
import { test } from "node:test";
import { faultsOf } from "./definitions.ts";

const WRONG: readonly (readonly [what: string, text: string, faults: readonly string[]])[] = [
  [
    "a number among names",
    "machines: [web01, 12]\nkind: random\n",
    ['1:19 machines: an entry of machines has to be a text, and without quotes this is a number ("12")'],
  ],
  [
    "a mode that YAML takes for a number",
    "machines: [web01]\nkind: random\nfiles: { a: { mode: 0440 } }\n",
    ['3:21 files/a/mode: mode has to be four octal digits in quotes (for example: mode: "0440")'],
  ],
  [
    "a mode of three digits",
    "machines: [web01]\nkind: random\nfiles: { a: { mode: '440' } }\n",
    ['3:21 files/a/mode: mode has to be four octal digits in quotes (for example: mode: "0440")'],
  ],
  [
    "owners that are none",
    "machines: [web01]\nkind: random\nfiles: { a: { owner: 'a b', group: '-x' } }\n",
    ['3:22 files/a/owner: "a b" is no name of a user', '3:36 files/a/group: "-x" is no name of a group'],
  ],
  [
    "a unit that is none",
    "machines: [web01]\nkind: random\nfiles: { a: { restartUnits: [a.service, 'b c'] } }\n",
    ['3:41 files/a/restartUnits: "b c" is no name of a unit'],
  ],
  [
    "an owner before there are users",
    "machines: [web01]\nkind: random\nfiles: { a: { neededFor: users, owner: git } }\n",
    ["3:40 files/a/owner: what is needed for users belongs to root: no other user is there yet"],
  ],
  [
    "a public file that is not deployed",
    "machines: [web01]\nkind: random\nfiles: { a: { secret: false, deploy: false } }\n",
    [
      "3:38 files/a/deploy: a public file lies in the repository in clear: deploy says nothing of it (secret: true, or take deploy out)",
    ],
  ],
  [
    "a file that is a text",
    "machines: [web01]\nkind: random\nfiles: { a: secret }\n",
    ['3:13 files/a: "a" has to be a map of its attributes, or empty: {}'],
  ],
  ["files as a list", "machines: [web01]\nkind: random\nfiles: [a]\n", ["3:8 files: files has to be a map of names"]],
  [
    "an output that nothing takes",
    "machines: [web01]\nkind: ssh-key\nfiles: { a: { output: private } }\n",
    ["3:8 files: no file takes the public that is made (files: { ssh.id.pub: { output: public } })"],
  ],
  [
    "an output that two files take",
    "machines: [web01]\nkind: random\nfiles: { a: { output: value }, b: { output: value } }\n",
    ['3:8 files: value goes into two files: "a" and "b"'],
  ],
  [
    "files that do not say what goes into them",
    "machines: [web01]\nkind: ssh-key\nfiles: { a: {}, b: {} }\n",
    [
      '3:8 files: nothing says what goes into "a" (output: private or public)',
      '3:8 files: nothing says what goes into "b" (output: private or public)',
    ],
  ],
  [
    "an unknown output",
    "machines: [web01]\nkind: random\nfiles: { a: { output: valeu } }\n",
    ["3:23 files/a/output: output has to be value (did you mean value?)"],
  ],
  [
    "two files that differ in case alone",
    "machines: [web01]\nscript: 'true'\nfiles: { Key: {}, key: {} }\n",
    ['3:8 files: "Key" and "key" would be one file on a Mac'],
  ],
  [
    "a file that is a folder as well",
    "machines: [web01]\nscript: exit 0\nfiles: { a: {}, a/b/c: {} }\n",
    ['3:8 files: "a" cannot be a file and the folder of "a/b/c"'],
  ],
  [
    "a file that no prompt answers",
    "machines: [web01]\nkind: prompt\nprompts: { a: { persist: true } }\nfiles: { b: {} }\n",
    ['4:10 files/b: nothing makes "b": no prompt with persist: true is called so (prompts: { b: { persist: true } })'],
  ],
  [
    "a prompt that nothing reads",
    "machines: [web01]\nkind: random\nprompts: { a: {} }\n",
    [
      '3:10 prompts: nothing would read the answer to "a" (persist: true keeps it as a file, and a script reads it in $prompts)',
    ],
  ],
  [
    "a prompt of what is supplied",
    "machines: [web01]\nkind: external\nfiles: { a: {} }\nprompts: { a: { persist: true } }\n",
    ["4:10 prompts: the kind external asks nothing: its values are set by hand (kind: prompt)"],
  ],
  [
    "a kind of prompts without any",
    "machines: [web01]\nkind: prompt\nprompts: { a: {} }\n",
    ["3:10 prompts: the kind prompt needs a prompt with persist: true (prompts: { NAME: { persist: true } })"],
  ],
  [
    "what is supplied, and nothing said of it",
    "machines: [web01]\nkind: external\n",
    ["1:1 files: this service makes no file (name what it makes: files: { NAME: {} })"],
  ],
  [
    "an odd type of a prompt",
    "machines: [web01]\nprompts: { a: { type: hiden, persist: true } }\n",
    ["2:23 prompts/a/type: type has to be one of line, hidden, multiline, multiline-hidden (did you mean hidden?)"],
  ],
  [
    "a prompt of no name",
    "machines: [web01]\nprompts: { a/b: { persist: true }, c: { persist: true } }\n",
    ["2:12 prompts/a/b: this is no name of a prompt"],
  ],
  [
    "a certificate without its authority",
    "machines: [web01]\nkind: x509-cert\noptions: { ca: ca }\ndependencies: [cax]\n",
    ['4:15 dependencies: "ca" has to be among the dependencies (did you mean cax?)'],
  ],
  [
    "a certificate that says of none",
    "machines: [web01]\nkind: x509-cert\n",
    [
      "1:1 options: the kind x509-cert needs the option ca (options: { ca: … }\nThe service that signs; has to be among the dependencies)",
    ],
  ],
  [
    "a certificate that is shared",
    "share: true\nmachines: [web01]\nkind: x509-cert\noptions: { ca: ca, commonName: 'x.{machine}' }\ndependencies: [ca]\n",
    [
      "4:32 options/commonName: a shared service has no {machine} to fill in",
      "4:10 options: the kind x509-cert needs the option names, because it is shared: no machine is filled in (options: { names: … }\nDNS names and IP addresses; {machine} is filled in)",
    ],
  ],
  [
    "a copy of what it does not read",
    "machines: [web01]\nkind: copy\noptions: { from: other/password }\n",
    ['1:1 dependencies: "other" has to be among the dependencies (dependencies: [other])'],
  ],
  [
    "a service that reads itself",
    "machines: [web01]\nkind: random\ndependencies: [a, x]\n",
    ["3:19 dependencies: a service does not depend on itself"],
  ],
  [
    "a dependency that is no name",
    "machines: [web01]\nkind: random\ndependencies: [../a]\n",
    ['3:16 dependencies: "../a" is no name of a service'],
  ],
  [
    "a file that leaves its folder",
    "machines: [web01]\nkind: random\nfiles: { ../../x: }\n",
    [
      "3:10 files/../../x: this is no name of a file (parts between slashes, none of them empty, . or .., and none with a - in front or a \\, a # or a control character)",
    ],
  ],
  [
    "a file that is an option",
    'machines: [web01]\nscript: exit 0\nfiles: { a/-x: , /etc/passwd: , a//b: , \'a\\b\': , "a\\u0007": , "\\ud800": }\n',
    [
      "3:10 files/a/-x: this is no name of a file (parts between slashes, none of them empty, . or .., and none with a - in front or a \\, a # or a control character)",
      "3:18 files//etc/passwd: this is no name of a file (parts between slashes, none of them empty, . or .., and none with a - in front or a \\, a # or a control character)",
      "3:33 files/a//b: this is no name of a file (parts between slashes, none of them empty, . or .., and none with a - in front or a \\, a # or a control character)",
      "3:41 files/a\\b: this is no name of a file (parts between slashes, none of them empty, . or .., and none with a - in front or a \\, a # or a control character)",
      "3:50 files/a\u0007: this is no name of a file (parts between slashes, none of them empty, . or .., and none with a - in front or a \\, a # or a control character)",
      "3:63 files/\ud800: this is no name of a file (parts between slashes, none of them empty, . or .., and none with a - in front or a \\, a # or a control character)",
    ],
  ],
  ["a key twice", "machines: [web01]\nkind: random\nkind: password\n", ['3:1 "kind" stands here twice']],
  ["an alias", "machines: &m [web01]\nkind: random\n", ["1:14 a definition has no anchors and aliases: write it out"]],
  [
    "a merge",
    "machines: [web01]\nkind: random\n<<: { share: true }\n",
    [
      '3:1 <<: there is no "<<" here (known here: description, share, machines, groups, readers, files, prompts, dependencies, validation, script, runtimeInputs, kind, options)',
    ],
  ],
  ["a tag", "machines: [web01]\nkind: !!str random\n", ["2:13 a definition has no tags"]],
  ["a list as a key", "machines: [web01]\n? [a, b]\n: c\n", ["2:3 a key has to be a text"]],
  [
    "two documents",
    "machines: [web01]\nkind: random\n---\na: b\n",
    ["3:1 a definition is one document: take this --- out"],
  ],
  [
    "a directive",
    "%YAML 1.1\n---\nmachines: [web01]\nkind: random\n",
    ["1:1 The YAML text has a %YAML directive, which sops does not accept. (Remove the line.)"],
  ],
  [
    "no YAML",
    "machines: [web01\nkind: random\n",
    ["2:1 A line is indented wrongly. (Look at this line and the one above.)"],
  ],
  [
    "a validation of three levels",
    "machines: [web01]\nkind: random\nvalidation: { a: { b: { c: 1 } } }\n",
    [
      "3:13 validation: validation is a text, a whole number, true, false, or a map of these in two levels at most (what is neither can stand in quotes)",
    ],
  ],
  [
    "a fraction as validation",
    "machines: [web01]\nkind: random\nvalidation: 1.5\n",
    [
      "3:13 validation: validation is a text, a whole number, true, false, or a map of these in two levels at most (what is neither can stand in quotes)",
    ],
  ],
  [
    "a number that Nix writes in another way",
    "machines: [web01]\nkind: random\nvalidation: 007\n",
    [
      "3:13 validation: validation is a text, a whole number, true, false, or a map of these in two levels at most (what is neither can stand in quotes)",
    ],
  ],
  [
    "a control character as validation",
    'machines: [web01]\nkind: random\nvalidation: "\\b"\n',
    [
      "3:13 validation: validation is a text, a whole number, true, false, or a map of these in two levels at most (what is neither can stand in quotes)",
    ],
  ],
];
for (const [what, text, faults] of WRONG) {
  test(`told at its place: ${what}`, async () => assert.deepEqual(await faultsOf(text), faults));
}
