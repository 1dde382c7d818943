/** Configurations in every layout that edits follow, with what they mean known beforehand. */
import fc from "fast-check";
import { A, B, C, SSH } from "../rule-cases.ts";

export interface AnyKey {
  readonly type: "age" | "pgp";
  readonly id: string;
  readonly text: string;
}

export interface AnyConfig {
  readonly yaml: string;
  readonly rules: readonly {
    readonly line: number;
    readonly pathRegex: string;
    readonly groups: readonly string[][];
  }[];
  /** Anchors of keys, not of lists. */
  readonly anchors: ReadonlyMap<string, AnyKey>;
  /** Ids in a list that rules use as a whole. */
  readonly team: readonly string[];
}

const age = (id: string, text = id): AnyKey => ({ type: "age", id, text });
const pgp = (id: string, text = id): AnyKey => ({ type: "pgp", id, text });

export const KEYS: readonly AnyKey[] = [
  age(A),
  age(B),
  age(SSH, `${SSH} ada@desk`),
  pgp("405FA820D1B6A4C2E5F60718293A4B5C6D7E8F90"),
  pgp("A8BBE02A7C1A4C2E5F60718293A4B5C6D7E8F901", "a8bb e02a 7c1a 4c2e 5f60  7182 93a4 b5c6 d7e8 f901"),
];

/** Keys that no configuration has. */
export const NEW_AGE = age(C);
export const NEW_PGP = pgp("BBBBE02A7C1A4C2E5F60718293A4B5C6D7E8F902");

type Draw = <T>(arbitrary: fc.Arbitrary<T>) => T;

/** @param strict nothing that has to become a list when it gets a second key */
export const anyConfig = (strict = false): fc.Arbitrary<AnyConfig> =>
  fc.gen().map((gen) => {
    const draw: Draw = (arbitrary) => gen(() => arbitrary);
    return write(draw, strict);
  });

const pick = <T>(draw: Draw, all: readonly T[]): T => draw(fc.constantFrom(...all));
const chance = (draw: Draw, one: number) => draw(fc.nat(one - 1)) === 0;
const some = (draw: Draw, all: readonly AnyKey[]) => draw(fc.subarray([...all], { minLength: 1 }));

function write(draw: Draw, strict: boolean): AnyConfig {
  const lines: string[] = [];
  const put = (line: string) => {
    if (chance(draw, 8)) lines.push(`${/^ */.exec(line)?.[0]}# about the next`);
    if (chance(draw, 12)) lines.push("");
    lines.push(chance(draw, 6) ? `${line} # note` : line);
  };
  const offset = pick(draw, [0, 2, 4]);
  const pad = (count: number) => " ".repeat(count);
  const anchors = new Map<string, AnyKey>();
  const nameOf = (key: AnyKey) => [...anchors].find(([, one]) => one === key)?.[0];
  const spell = (key: AnyKey) =>
    pick(draw, [key.text, JSON.stringify(key.text), `'${key.text}'`].slice(/^a8/.test(key.text) ? 1 : 0));
  const item = (key: AnyKey) => {
    const name = nameOf(key);
    return name === undefined || chance(draw, 4) ? spell(key) : `*${name}`;
  };
  const items = (keys: readonly AnyKey[], indent: number) => {
    for (const key of keys) {
      // Now and then a rule defines what later ones mean.
      if (nameOf(key) === undefined && chance(draw, 4)) {
        const name = `in_${anchors.size}`;
        put(`${pad(indent)}- &${name} ${spell(key)}`);
        anchors.set(name, key);
      } else put(`${pad(indent)}- ${item(key)}`);
    }
  };

  let team: readonly AnyKey[] = [];
  let isTeamUsed = false;
  if (!chance(draw, 4)) {
    if (chance(draw, 2)) lines.push("# Keys.", "");
    const shelf = some(draw, KEYS);
    const style = pick(draw, ["block", "flow", "map"] as const);
    if (style === "flow") put(`keys: [${shelf.map((key, index) => `&k${index} ${spell(key)}`).join(", ")}]`);
    else {
      put("keys:");
      for (const [index, key] of shelf.entries()) {
        put(style === "map" ? `  n${index}: &k${index} ${spell(key)}` : `${pad(offset)}- &k${index} ${spell(key)}`);
      }
    }
    for (const [index, key] of shelf.entries()) anchors.set(`k${index}`, key);
    if (chance(draw, 2)) {
      team = some(draw, KEYS.slice(0, 3));
      put("team: &team");
      items(team, offset);
    }
  }

  const rules: { line: number; pathRegex: string; groups: string[][] }[] = [];
  /** A list, or what stands for one, below a field. */
  const field = (name: "age" | "pgp", keys: readonly AnyKey[], lead: string): readonly AnyKey[] => {
    if (name === "age" && team.length > 0 && chance(draw, 3)) {
      put(`${lead}age: *team`);
      isTeamUsed = true;
      return team;
    }
    const style = pick(draw, ["block", "flow", "lines"] as const);
    const margin = pad(lead.length);
    if (style === "flow") put(`${lead}${name}: [${keys.map(item).join(", ")}]`);
    else if (style === "lines") {
      lines.push(`${lead}${name}: [`);
      const last = chance(draw, 2) ? "," : "";
      for (const [index, key] of keys.entries())
        put(`${margin}  ${item(key)}${index === keys.length - 1 ? last : ","}`);
      lines.push(`${margin}]`);
    } else {
      put(`${lead}${name}:`);
      items(keys, lead.length + offset);
    }
    return keys;
  };
  /** Texts with commas, as only fields of the rule itself can be. */
  const text = (name: "age" | "pgp", keys: readonly AnyKey[], lead: string): readonly AnyKey[] => {
    const style = pick(draw, ["plain", "quoted", "folded", "single"] as const);
    const [first] = keys;
    const only = first === undefined ? undefined : nameOf(first);
    const texts = keys.map((key) => key.text);
    if (style === "single" && keys.length === 1 && only !== undefined && !strict) put(`${lead}${name}: *${only}`);
    else if (style === "folded") {
      lines.push(`${lead}${name}: >-`);
      for (const [index, one] of texts.entries()) {
        lines.push(`${pad(lead.length + 2)}${one}${index === texts.length - 1 ? "" : ","}`);
      }
    } else if (style === "quoted") put(`${lead}${name}: "${texts.join(", ")}"`);
    else if (texts.some((one) => /^a8/.test(one))) put(`${lead}${name}: '${texts.join(",")}'`);
    else put(`${lead}${name}: ${texts.join(",")}`);
    return keys;
  };
  const fields = (lead: string, write: typeof field): string[] => {
    const keys = some(draw, KEYS);
    const ids: string[] = [];
    let head = lead;
    for (const name of ["age", "pgp"] as const) {
      const own = keys.filter(({ type }) => type === name);
      if (own.length === 0) continue;
      ids.push(...write(name, own, head).map(({ id }) => id));
      head = pad(lead.length);
    }
    return [...new Set(ids)];
  };

  put("creation_rules:");
  for (let index = 0, count = 1 + draw(fc.nat(2)); index < count; index++) {
    const lead = `${pad(offset)}- `;
    const margin = pad(lead.length);
    const pathRegex = `^${index}/`;
    put(`${lead}path_regex: ${pick(draw, [pathRegex, `'${pathRegex}'`, `"${pathRegex}"`])}`);
    const line = lines.length;
    if (chance(draw, 3)) put(`${margin}encrypted_regex: ^data$`);
    if (chance(draw, 2)) rules.push({ line, pathRegex, groups: [fields(margin, chance(draw, 2) ? text : field)] });
    else {
      put(`${margin}key_groups:`);
      const groups = Array.from({ length: chance(draw, 4) ? 2 : 1 }, () => fields(`${margin}${pad(offset)}- `, field));
      rules.push({ line, pathRegex, groups });
    }
    if (chance(draw, 4)) put(`${margin}mac_only_encrypted: true`);
  }
  const eol = pick(draw, ["\n", "\r\n"]);
  const yaml = pick(draw, ["", "\uFEFF"]) + lines.join(eol) + (chance(draw, 4) ? "" : eol);
  return { yaml, rules, anchors, team: isTeamUsed ? team.map(({ id }) => id) : [] };
}
