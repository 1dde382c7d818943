/** Histories of documents that nobody can open, made in one run of git, and what is told of the age of their keys. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import type { TestContext } from "node:test";
import { type AgeOptions, type DataKeyAge, dataKeyAges } from "../../src/actions/data-key-age.ts";
import type { Root } from "../../src/repo/root.ts";
import { makeGitRoot } from "../repo/fleet.ts";

export const DAY = 86_400_000;
export const START = Date.UTC(2026, 0, 1);
export const NOW = new Date(START + 1000 * DAY);

/** A document that nobody can open: what stands for wrapped keys and for sealed values is made up. */
export interface Draft {
  readonly wrapped: readonly string[];
  readonly values: readonly string[];
  /** Day of its last change. */
  readonly day: number;
  readonly indent?: string;
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}

export function textOf({ wrapped, values, day, indent = "" }: Draft): string {
  const sealed = (text: string) => `ENC[AES256_GCM,data:AA==,iv:${base64("nonce")},tag:${base64(text)},type:str]`;
  return [
    ...values.map((value, index) => `v${index}: ${sealed(value)}`),
    "sops:",
    `${indent}    age:`,
    ...wrapped.flatMap((text, index) => [
      `${indent}        - recipient: age1reader${index}`,
      ...(text === ""
        ? [`${indent}          enc: ""`]
        : [
            `${indent}          enc: ${indent === "" ? "|" : "|-"}`,
            `${indent}            -----BEGIN AGE ENCRYPTED FILE-----`,
            `${indent}            ${base64(text)}`,
            `${indent}            -----END AGE ENCRYPTED FILE-----`,
          ]),
    ]),
    `${indent}    lastmodified: "${new Date(START + day * DAY).toISOString()}"`,
    "",
  ].join("\n");
}

/** Each commit: its day, and what it makes of the file. All in one run of git. */
export type Commits = readonly (readonly [day: number, text: string | undefined, key?: number | undefined])[];

export function repositoryOf(t: TestContext, commits: Commits, path = "f.yaml"): Root {
  const root = makeGitRoot(t);
  const stream = commits.map(([day, text]) => {
    const committer = `committer t <t@example.org> ${(START + day * DAY) / 1000} +0000`;
    const change = text === undefined ? `D ${path}\n` : `M 100644 inline ${path}\n${data(text)}`;
    return `commit refs/heads/main\n${committer}\n${data("")}${change}\n`;
  });
  execFileSync("git", ["fast-import", "--quiet"], { cwd: root.path, input: stream.join("") });
  return root;
}

export function data(text: string): string {
  return `data ${Buffer.byteLength(text)}\n${text}\n`;
}

export async function ageOf(
  root: Root,
  present: Draft,
  options: AgeOptions = { now: NOW },
  path = "f.yaml",
): Promise<DataKeyAge> {
  const lastModified = new Date(START + present.day * DAY).toISOString();
  const ground = { read: async () => Buffer.from(textOf(present)) };
  const ages = await dataKeyAges(root, ground, [{ path, format: "yaml", lastModified }], options);
  const age = ages.get(path);
  assert.ok(age !== undefined && ages.size === 1);
  return age;
}

/** `SOURCE DAY`. */
export async function told(...argv: Parameters<typeof ageOf>): Promise<string> {
  const { since, source } = await ageOf(...argv);
  return `${source} ${(since.getTime() - START) / DAY}`;
}
