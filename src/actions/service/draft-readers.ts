/** Who reads the files of a service: links exactly as clan lays them, drafted; and the keys that follow from them. */
import { SecretsError } from "../../errors.ts";
import { type Leaf, readLayout } from "../../fleet/clan/layout.ts";
import { MEMBER_KINDS, type Member, resolveMember } from "../../fleet/clan/links.ts";
import { type Registry, readRegistry } from "../../fleet/clan/registry.ts";
import { type PathIndex, parentOf } from "../../fleet/path-index.ts";
import type { Service, ServiceFile } from "../../fleet/services/service.ts";
import type { NewKey } from "../../sops/create-file.ts";
import { namedFew } from "../named-few.ts";
import { actingUser, groupsBeside, keysOf, parseMember, peopleOf, withMe } from "../new-var.ts";
import type { PolicyDraft } from "../rekey/policy-draft.ts";
import type { Workplace } from "../workplace.ts";

export class ReaderDraft {
  readonly #workplace: Workplace;
  readonly #draft: PolicyDraft;
  readonly #index: PathIndex;
  readonly #registry: Registry;
  readonly #leaves: readonly Leaf[];
  readonly #me: string | undefined;

  private constructor(
    workplace: Workplace,
    draft: PolicyDraft,
    index: PathIndex,
    registry: Registry,
    leaves: readonly Leaf[],
    me: string | undefined,
  ) {
    this.#workplace = workplace;
    this.#draft = draft;
    this.#index = index;
    this.#registry = registry;
    this.#leaves = leaves;
    this.#me = me;
  }

  /** @param asker whether the person's own keys may be looked at, to make them a reader where nobody else would be one */
  static async open(workplace: Workplace, draft: PolicyDraft, index: PathIndex, asker: boolean): Promise<ReaderDraft> {
    const registry = await readRegistry(workplace.ground, index);
    return new ReaderDraft(
      workplace,
      draft,
      index,
      registry,
      readLayout(index).leaves,
      asker ? await actingUser(workplace, registry) : undefined,
    );
  }

  /** The same, with links that go into another draft. */
  into(draft: PolicyDraft): ReaderDraft {
    return new ReaderDraft(this.#workplace, draft, this.#index, this.#registry, this.#leaves, this.#me);
  }

  /** @throws SecretsError `E_READER_UNKNOWN` naming every machine of these services that has no key */
  refuseStrangers(services: Iterable<Service>): void {
    const machines = new Set([...services].flatMap(({ files, machines }) => (files.some(isDeployed) ? machines : [])));
    const strange = [...machines].filter((name) => !this.#registry.machines.has(name)).sort();
    if (strange.length === 0) return;
    const [first = ""] = strange;
    throw new SecretsError(
      "E_READER_UNKNOWN",
      strange.length === 1 ? `the machine ${first} has no key here` : `${strange.length} machines have no key here`,
      {
        location: { file: `sops/machines/${first}/key.json` },
        hint: [...namedFew(strange), `make a machine known first: secrets machine add ${first} --generate`].join("\n"),
      },
    );
  }

  /**
   * What is missing beside a secret that is there already, and the link of a machine that is not to read it. Links that
   * somebody made beside those of the definition stay: they were meant.
   */
  async mend({ readers, machines }: Service, { deploy }: ServiceFile, folder: string): Promise<void> {
    for (const name of machines) {
      if (deploy) await this.#link(folder, { kind: "machines", name });
      else await this.#draft.remove(`${folder}/machines/${name}`, `reader machines/${name}: deploy is off`);
    }
    for (const text of readers ?? []) await this.#link(folder, parseMember(text, this.#registry));
  }

  /**
   * The readers of a secret that is about to be written; their links are drafted.
   * @throws SecretsError `E_NO_PERSON`, `E_READER_UNKNOWN`
   */
  async keysFor(service: Service, file: ServiceFile, folder: string): Promise<readonly NewKey[]> {
    const members = new Map<string, Member>();
    const add = (member: Member) => members.set(`${member.kind}/${member.name}`, member);
    for (const member of await this.#linked(folder)) {
      const off = member.kind === "machines" && !file.deploy && service.machines.includes(member.name);
      if (!off) add(member);
    }
    if (file.deploy) for (const name of service.machines) add({ kind: "machines", name });
    for (const text of service.readers ?? []) add(parseMember(text, this.#registry));
    const hasPeople = () => [...members.values()].some((member) => peopleOf(member, this.#registry).length > 0);
    if (service.readers === undefined && !hasPeople()) {
      const beside = groupsBeside({ machine: service.machine, service: service.name }, this.#leaves, this.#registry);
      for (const name of beside) add({ kind: "groups", name });
    }
    if (!hasPeople()) for (const member of withMe([...members.values()], this.#registry, this.#me)) add(member);
    if (!hasPeople()) {
      throw new SecretsError("E_NO_PERSON", "no person would be able to read this secret", {
        location: { file: folder },
        hint: "name people in the definition: readers: [groups/NAME]\nor let somebody run it whose key is registered in sops/users",
      });
    }
    await this.mend(service, file, folder);
    for (const member of members.values()) await this.#link(folder, member);
    return keysOf([...members.values()], this.#registry);
  }

  async #link(folder: string, member: Member): Promise<void> {
    await this.#draft.link(folder, member, `reader ${member.kind}/${member.name}`);
  }

  /** Whom the links say now that lie there. */
  async #linked(folder: string): Promise<Member[]> {
    const members: Member[] = [];
    for (const kind of MEMBER_KINDS) {
      for (const { path, kind: found } of this.#index.under(`${folder}/${kind}`)) {
        if (found !== "link" || parentOf(path) !== `${folder}/${kind}`) continue;
        const { member } = await resolveMember(this.#workplace.ground, this.#index, path, kind);
        if (member !== undefined) members.push(member);
      }
    }
    return members;
  }
}

function isDeployed({ secret, deploy }: ServiceFile): boolean {
  return secret && deploy;
}
