/** Who should read a document of tier 2: the keys of the rule that decides. */
import type { ExpectedReader, Policy } from "../policy.ts";
import type { Decision } from "./rules.ts";
import type { StatedKey } from "./stated-key.ts";

export function policyOfRule({ config, rule, fault }: Decision, nameOf: (id: string) => string | undefined): Policy {
  if (config === undefined || rule === undefined) return { kind: "none", readers: [], complete: fault === undefined };
  const readers = new Map<string, { key: StatedKey; reasons: string[] }>();
  for (const key of rule.keyGroups.flat()) {
    const mark = key.anchor ?? key.list;
    const reason = `${config.path}:${key.line}${mark === undefined ? "" : ` &${mark}`}`;
    const id = `${key.type} ${key.id}`;
    const reader = readers.get(id);
    if (reader === undefined) readers.set(id, { key, reasons: [reason] });
    else if (!reader.reasons.includes(reason)) reader.reasons.push(reason);
  }
  return {
    kind: "rule",
    readers: [...readers.values()].map(({ key, reasons }): ExpectedReader => {
      const name = nameOf(key.id);
      return { type: key.type, id: key.id, ...(name === undefined ? {} : { name }), reasons };
    }),
    complete: fault === undefined,
    rule: { config: config.path, line: rule.line, pathRegex: rule.pathRegex },
  };
}
