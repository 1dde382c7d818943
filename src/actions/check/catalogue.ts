/** Every kind of finding: how grave it is and what it means. Codes are stable; the README and SARIF are made from this. */

/** Errors and warnings make `check` exit 1; information does not. */
export type Severity = "error" | "warning" | "info";

interface CatalogueEntry {
  readonly severity: Severity;
  /** One sentence, for someone who meets the code for the first time. */
  readonly explanation: string;
}

export const CATALOGUE = {
  "reader-drift": {
    severity: "error",
    explanation: "A document is sealed to other readers than links or rules say.",
  },
  "group-drift": {
    severity: "error",
    explanation: "The data key of a document is split among other groups than links or the rule say.",
  },
  "not-encrypted": { severity: "error", explanation: "A file that should be a sealed document lies there in clear." },
  "maybe-not-encrypted": {
    severity: "warning",
    explanation: "A rule covers a file that looks like code or text for people and is not encrypted.",
  },
  "clear-value": {
    severity: "error",
    explanation: "A value stands in clear although the document's selector wants it encrypted.",
  },
  "clear-comment": {
    severity: "warning",
    explanation: "A comment stands in clear although the document's selector wants it encrypted.",
  },
  document: { severity: "error", explanation: "A file holds sealed values and cannot be read as a sops document." },
  "locked-out": { severity: "error", explanation: "Nobody of the fleet can open the document." },
  "no-person": { severity: "error", explanation: "Machines can open the document, but no person can." },
  "no-rule": {
    severity: "warning",
    explanation: "No rule of .sops.yaml covers the document, so nothing says who should read it.",
  },
  "tiers-disagree": { severity: "error", explanation: "One name has different keys in the two tiers." },
  "shared-key": { severity: "info", explanation: "One key goes by several names." },
  "one-tier": { severity: "info", explanation: "A person or machine is known to one of the two tiers only." },
  "ssh-machine": {
    severity: "error",
    explanation: "A machine has an ssh- recipient; sops-nix opens only the age1 key derived from its host key.",
  },
  "machine-unknown": {
    severity: "warning",
    explanation: "There are vars of a machine that neither a registry, a rule nor machines/ knows.",
  },
  "value-beside-secret": { severity: "error", explanation: "A clear value was left beside a secret of the same name." },
  "link-dangling": { severity: "error", explanation: "A reader's link points at nothing." },
  "link-loop": { severity: "error", explanation: "A reader's link leads back to itself." },
  "link-misdirected": {
    severity: "error",
    explanation: "A reader's link leads to something else than it is named after.",
  },
  "link-escapes": { severity: "error", explanation: "A link leads out of the repository." },
  "link-expected": {
    severity: "error",
    explanation: "A file or folder stands where a reader's link should be; clan ignores it.",
  },
  "link-unexpected": {
    severity: "error",
    explanation: "A link stands where a file or folder should be; it is not followed.",
  },
  "links-without-secret": {
    severity: "warning",
    explanation: "Readers are linked beside no secret: what a failed run leaves.",
  },
  "key-json": { severity: "error", explanation: "A key.json cannot be read in full." },
  "key-missing": { severity: "error", explanation: "A user or machine has no key.json." },
  name: { severity: "warning", explanation: "A name cannot be used in an address or by clan." },
  config: { severity: "error", explanation: "A .sops.yaml cannot be used." },
  rule: { severity: "error", explanation: "sops would refuse a rule of .sops.yaml." },
  unreadable: { severity: "error", explanation: "A file that has to be looked at cannot be read." },
  "rule-unreachable": {
    severity: "warning",
    explanation: "A rule can never decide: one before it takes all that it matches, or no path looks like that.",
  },
  "rule-unused": { severity: "info", explanation: "A rule decides no document that is there." },
  "rule-unanchored": {
    severity: "warning",
    explanation: "A path_regex without ^ decides documents in unrelated folders, perhaps by accident.",
  },
  "machine-unregistered": {
    severity: "warning",
    explanation: "A machine has a Nix module that the registry of the fleet does not import.",
  },
  "machine-keyless": {
    severity: "warning",
    explanation: "A machine is registered in Nix and has no key in either tier.",
  },
  "machine-without-module": {
    severity: "warning",
    explanation: "A machine has a key, and no Nix file of the fleet knows it.",
  },
  "machine-namespace": {
    severity: "error",
    explanation: "The name of a machine's Nix module is another where it is exported than where it is used.",
  },
  "nix-unsure": {
    severity: "info",
    explanation:
      "Nix computes names of machines or modules there, or the file cannot be read, so they were not compared.",
  },
  "renewal-open": {
    severity: "warning",
    explanation: "A value that somebody could read waits for a new one, made by hand.",
  },
  "renewal-list": {
    severity: "error",
    explanation: "A list of values to renew cannot be read, so nobody is reminded of them.",
  },
  "service-definition": {
    severity: "error",
    explanation: "A definition of a service cannot be used, so nothing makes its values anew.",
  },
  mac: {
    severity: "error",
    explanation: "The document was changed without its data key: the MAC or a value does not fit.",
  },
  "cannot-open": {
    severity: "error",
    explanation: "A document that is or should be sealed to a key of yours does not open with it.",
  },
  "machine-key": {
    severity: "error",
    explanation: "The sealed private key of a machine does not belong to its registered public key.",
  },
} as const satisfies Readonly<Record<string, CatalogueEntry>>;

export type FindingCode = keyof typeof CATALOGUE;
