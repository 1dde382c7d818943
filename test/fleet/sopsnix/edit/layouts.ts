/** `.sops.yaml` in the layouts that people write, and edits in short. */
import type { ConfigEdit } from "../../../../src/fleet/sopsnix/edit/edit-config.ts";
import { A, B, SSH } from "../rule-cases.ts";

export const FP = "405FA820D1B6A4C2E5F60718293A4B5C6D7E8F90";
export const FP2 = "1111111111111111111111111111111111111111";

export type Case = readonly [title: string, yaml: string, edits: readonly ConfigEdit[], diff: readonly string[]];

export const lines = (...all: string[]) => all.map((line) => `${line}\n`).join("");

/** What the manuals of sops and sops-nix show. */
export const USUAL = lines(
  "# Keys of the fleet.",
  "keys:",
  `  - &admin_ada ${FP} # on her card`,
  `  - &admin_bob ${A}`,
  "  # Machines.",
  `  - &server_web ${B}`,
  "creation_rules:",
  "  # For everybody.",
  "  - path_regex: secrets/[^/]+\\.(yaml|json)$",
  "    key_groups:",
  "      - pgp:",
  "          - *admin_ada # she keeps it",
  "        age:",
  "          - *admin_bob",
  "          # the web server",
  "          - *server_web",
  "",
  "  - path_regex: secrets/web/[^/]+$",
  "    key_groups:",
  "      - age: [*admin_bob, *server_web]",
);

export const FOLDED = lines(
  "creation_rules:",
  "  - path_regex: a",
  "    age: >-",
  `      ${A},`,
  `      ${B}`,
  "    encrypted_regex: ^data$",
  "  - path_regex: b",
  `    age: "${A}, ${B}" # both`,
  "  - path_regex: c",
  `    age: ${A}`,
  `    pgp: '${FP}'`,
);

export const SHARED = lines(
  "keys:",
  `  - &ada ${A}`,
  `  - &bob ${B}`,
  "  - &admins",
  "    - *ada",
  "    - *bob",
  "creation_rules:",
  "  - path_regex: a",
  "    key_groups:",
  "      - age: *admins # all of them",
  "  - path_regex: b",
  "    age: *admins",
);

export const MULTILINE_FLOW = lines(
  "creation_rules:",
  "  - path_regex: a",
  "    age: [",
  `      ${A}, # ada`,
  `      ${B} # bob`,
  "    ]",
  "  - path_regex: b",
  "    age: [",
  `      ${A},`,
  `      ${B},`,
  "    ]",
);

export const INNER = lines(
  "creation_rules:",
  "- path_regex: a",
  "  key_groups:",
  "  - age:",
  `    - &ada ${A} # hers`,
  `    - &bob ${B}`,
  "- path_regex: b",
  "  key_groups:",
  "  - age:",
  "    - *ada",
  "- path_regex: c",
  "  age: *ada",
);

export const NESTED_SHELVES = lines(
  "keys:",
  "  - &users:",
  `    - &ada ${A}`,
  "  - &hosts:",
  `    - &web ${B}`,
  "creation_rules:",
  "  - path_regex: a",
  "    key_groups:",
  "    - age:",
  "      - *ada",
  "      - *web",
);

export const MAP_SHELF = lines(
  "keys:",
  "  users:",
  `    ada: &ada ${A}`,
  "  hosts:",
  `    web: &host_web "${B}"`,
  "creation_rules:",
  "  - age: *ada",
);

export const SPELLINGS = lines(
  "keys:",
  `  - &ada "${FP.toLowerCase()
    .replace(/(.{4})/g, "$1 ")
    .trim()}"`,
  `  - &bob ${SSH} bob@desk`,
  "creation_rules:",
  "  - pgp:",
  `      - ${FP}`,
  "    age:",
  `      - ${SSH}`,
  `      - ${B}`,
);

export const replace = (id: string, text: string): ConfigEdit => ({ kind: "replace-key", id, text });
export const beside = (id: string, text: string, anchor: string): ConfigEdit => ({
  kind: "add-beside",
  id,
  text,
  anchor,
});
export const remove = (id: string): ConfigEdit => ({ kind: "remove-key", id });
export const anchor = (name: string, text: string): ConfigEdit => ({ kind: "add-anchor", anchor: name, text });
export const revoke = (rule: number, ...ids: string[]): ConfigEdit => ({ kind: "revoke", rule, ids });
export const grant = (rule: number, text: string, name?: string): ConfigEdit => ({
  kind: "grant",
  rule,
  keys: [{ text, ...(name === undefined ? {} : { anchor: name }) }],
});
