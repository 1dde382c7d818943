/** Edits of the policy as they pile up: each sees the files as the ones before it left them, and nothing is written. */
import { SecretsError } from "../../errors.ts";
import { linkPath, linkTarget } from "../../fleet/clan/link-target.ts";
import type { Member } from "../../fleet/clan/links.ts";
import { changeKeyJson, newKeyJson, type StatedClanKey } from "../../fleet/clan/write-key-json.ts";
import type { Ground } from "../../fleet/ground.ts";
import { type ConfigEdit, editConfig } from "../../fleet/sopsnix/edit/edit-config.ts";
import { contentHash, type Expected } from "../../repo/change.ts";
import { repoPath } from "../../repo/path.ts";
import { groundAfter, type PlannedChange } from "../plan.ts";

export class PolicyDraft {
  readonly #ground: Ground;
  readonly #changes = new Map<string, PlannedChange>();

  constructor(ground: Ground) {
    this.#ground = steady(ground);
  }

  /** In the order in which the files were first touched; one for each. */
  get changes(): readonly PlannedChange[] {
    return [...this.#changes.values()];
  }

  /** The ground with what is drafted so far. */
  get ground(): Ground {
    return groundAfter(this.#ground, this.changes);
  }

  /**
   * @param reason what this does, for the person: `key of ada`; several of one file are joined
   * @throws SecretsError `E_IN_THE_WAY` where a link stands: a file would take its place, and what it leads to would
   *   stay as it is
   */
  async write(path: string, bytes: Uint8Array, reason: string, mode?: number): Promise<void> {
    const expect = await this.#expected(path);
    if (expect.startsWith("link:")) {
      throw new SecretsError("E_IN_THE_WAY", "this is a link, and what it leads to is not edited through it", {
        location: { file: path },
        hint: "put the file itself in the place of the link, then run it again",
      });
    }
    if (expect === contentHash(bytes)) {
      this.#changes.delete(path);
      return;
    }
    const change = {
      kind: "write",
      path: repoPath(path),
      bytes,
      expect,
      ...(mode === undefined ? {} : { mode }),
    } as const;
    this.#put({ change, reason });
  }

  async remove(path: string, reason: string): Promise<void> {
    const expect = await this.#expected(path);
    if (expect === "absent") this.#changes.delete(path);
    else this.#put({ change: { kind: "remove", path: repoPath(path), expect }, reason });
  }

  /** Everything below a folder. */
  async removeAll(folder: string, reason: string): Promise<void> {
    for (const { path } of await this.ground.list()) {
      if (path.startsWith(`${folder}/`)) await this.remove(path, reason);
    }
  }

  /** The link by which `member` reads, or belongs to, what lies in `folder`; exactly as clan lays it. */
  async link(folder: string, member: Member, reason: string): Promise<void> {
    const path = linkPath(folder, member);
    const target = linkTarget(path, member);
    await this.linkText(path, target, reason);
  }

  /** A link with this very text. */
  async linkText(path: string, target: string, reason: string): Promise<void> {
    const expect = await this.#expected(path);
    if (expect === `link:${target}`) this.#changes.delete(path);
    else this.#put({ change: { kind: "link", path: repoPath(path), target, expect }, reason });
  }

  async newKeys(path: string, keys: readonly StatedClanKey[], reason: string): Promise<void> {
    await this.write(path, newKeyJson(keys), reason);
  }

  /** @param edit `remove`: canonical ids. @throws SecretsError what `changeKeyJson` throws */
  async changeKeys(
    path: string,
    edit: { readonly remove: readonly string[]; readonly add: readonly StatedClanKey[] },
    reason: string,
  ): Promise<void> {
    await this.write(path, changeKeyJson(await this.ground.read(path), path, edit), reason);
  }

  /** @throws SecretsError `E_CONFIG_EDIT` when the layout cannot carry an edit */
  async editConfig(path: string, edits: readonly ConfigEdit[], reason: string): Promise<void> {
    if (edits.length === 0) return;
    await this.write(path, editConfig(await this.ground.read(path), path, edits), reason);
  }

  #put(next: PlannedChange): void {
    const old = this.#changes.get(next.change.path);
    const reasons = [...new Set([...(old === undefined ? [] : [old.reason]), next.reason])];
    this.#changes.set(next.change.path, { ...next, reason: reasons.join("; ") });
  }

  /** What stands there before any of this. */
  async #expected(path: string): Promise<Expected> {
    const kind = await this.#ground.kind(path);
    if (kind === "missing" || kind === "directory") return "absent";
    if (kind === "link") return `link:${await this.#ground.readLink(path)}`;
    return contentHash(await this.#ground.read(path));
  }
}

/**
 * Somebody else may change the policy while a draft is made. What states it is read once, so that an edit is made of the
 * very text that it expects to find when it is applied.
 */
function steady(ground: Ground): Ground {
  const reads = new Map<string, Promise<Uint8Array>>();
  const read = (path: string): Promise<Uint8Array> => {
    if (!/(^|\/)(\.sops\.yaml|key\.json|known_hosts)$/.test(path)) return ground.read(path);
    const known = reads.get(path) ?? ground.read(path);
    reads.set(path, known);
    return known;
  };
  return { ...ground, read };
}
