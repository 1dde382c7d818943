/** The commands that change who can read, and by which keys: their arguments and their help. */
import { buildCommand, buildRouteMap } from "@stricli/core";
import {
  changeAliases,
  changeFlags,
  force,
  json,
  keepDataKey,
  named,
  removing,
  renaming,
  repeated,
  ruleFlags,
  switched,
  valued,
} from "./change-flags.ts";
import type { AccessFlags } from "./commands/grant.ts";
import type { GroupFlags } from "./commands/group.ts";
import type { RemoveFlags } from "./commands/principal.ts";
import type { MachineFlags, UserFlags } from "./commands/rotate.ts";
import type { DataKeyFlags } from "./commands/rotate-data-keys.ts";
import type { SyncFlags } from "./commands/sync.ts";
import type { AddFlags, AddKeyFlags, KeyFlags } from "./commands/user.ts";
import type { ChangeFlags } from "./conduct.ts";
import type { Context } from "./context.ts";
import { completeAddress, completeName } from "./proposals.ts";

const paths = {
  kind: "array",
  parameter: { ...named("PATH", "Only what lies at or below these paths"), proposeCompletions: completeAddress },
} as const;
const user = { ...named("NAME", "A user"), proposeCompletions: completeName("user") } as const;
const machine = { ...named("NAME", "A machine"), proposeCompletions: completeName("machine") } as const;
const group = { ...named("GROUP", "A group"), proposeCompletions: completeName("group") } as const;

export const sync = buildCommand<SyncFlags, string[], Context>({
  loader: async () => (await import("./commands/sync.ts")).sync,
  parameters: { flags: { ...changeFlags, keepDataKey, force }, aliases: changeAliases, positional: paths },
  docs: {
    brief: "Bring every document's readers in line with the policy, in both tiers",
    customUsage: ["[PATH…]"],
    fullDescription:
      "Seals to readers that the links or rules name and the documents lack; whoever is too many goes, and the document gets a new data key. A machine that only lost its link keeps its access, and gets the link back.",
  },
});

const whoAndWhat = {
  kind: "array",
  parameter: {
    ...named("WHO ADDRESS", "Who, then documents: addresses, folders, or addresses with *"),
    proposeCompletions: completeAddress,
  },
  minimum: 2,
} as const;

export const grant = buildCommand<AccessFlags, string[], Context>({
  loader: async () => (await import("./commands/grant.ts")).grant,
  parameters: {
    flags: { ...changeFlags, ...ruleFlags, keepDataKey, force },
    aliases: changeAliases,
    positional: whoAndWhat,
  },
  docs: {
    brief: "Let somebody read documents: a link in vars, an edit of the rule for files",
    customUsage: ["WHO ADDRESS…"],
  },
});

export const revoke = buildCommand<AccessFlags, string[], Context>({
  loader: async () => (await import("./commands/grant.ts")).revoke,
  parameters: {
    flags: { ...changeFlags, ...ruleFlags, keepDataKey, force },
    aliases: changeAliases,
    positional: whoAndWhat,
  },
  docs: {
    brief: "Take documents away from somebody; each gets a new data key",
    customUsage: ["WHO ADDRESS…"],
  },
});

export const apply = buildCommand<ChangeFlags, [string], Context>({
  loader: async () => (await import("./commands/apply.ts")).apply,
  parameters: {
    flags: { ...changeFlags },
    aliases: changeAliases,
    positional: { kind: "tuple", parameters: [named("FILE", "What --plan-out wrote")] },
  },
  docs: { brief: "Apply a plan that --plan-out kept, if the repository has not moved since" },
});

const publicKeyFlags = {
  ageKey: repeated("KEY", "A public age key"),
  sshKey: repeated("FILE", "A file of public SSH or age keys, one a line; - is stdin"),
  githubKeys: repeated("FILE", "What https://github.com/NAME.keys or `gh api users/NAME/keys` gives; - is stdin"),
  asAge: switched("Take the age keys derived from Ed25519 SSH keys, as ssh-to-age does, instead of these"),
  pgpKey: repeated("FINGERPRINT", "A PGP key that gpg here knows"),
} as const;

const addUser = buildCommand<AddFlags, [string], Context>({
  loader: async () => (await import("./commands/user.ts")).addUser,
  parameters: {
    flags: {
      ...changeFlags,
      ...ruleFlags,
      ...publicKeyFlags,
      group: repeated("GROUP", "Becomes a member of it"),
      like: valued("USER", "Reads what this user reads"),
      document: repeated("ADDRESS", "Reads this document"),
      noDocuments: switched("Reads nothing yet"),
      force,
    },
    aliases: changeAliases,
    positional: { kind: "tuple", parameters: [named("NAME", "A new name")] },
  },
  docs: {
    brief: "Make a person known to both tiers, and let them read",
    customUsage: ["NAME --age-key KEY", "NAME --ssh-key FILE --group GROUP", "NAME --github-keys FILE --like USER"],
    fullDescription:
      "Makes a person known to both tiers, and lets them read. Each of their keys opens what they read: several may be given. SSH keys are taken as they are, and their holder needs no age key; with --as-age their age keys are, for whoever keeps those in a key file. Keys that age cannot use are told one by one and left out. From GitHub: curl -sf https://github.com/NAME.keys | secrets user add NAME --github-keys - --group GROUP --yes",
  },
});

const addKey = buildCommand<AddKeyFlags, [string, string?], Context>({
  loader: async () => (await import("./commands/user.ts")).addKey,
  parameters: {
    flags: { ...changeFlags, ...publicKeyFlags, keepDataKey, force },
    aliases: changeAliases,
    positional: {
      kind: "tuple",
      parameters: [user, { ...named("KEY", "age1…, ssh-ed25519 … or a PGP fingerprint"), optional: true }],
    },
  },
  docs: {
    brief: "More keys for a person",
    customUsage: ["NAME KEY", "NAME --ssh-key FILE", "NAME --github-keys FILE"],
  },
});

const removeKey = buildCommand<KeyFlags, [string, string], Context>({
  loader: async () => (await import("./commands/user.ts")).removeKey,
  parameters: {
    flags: { ...changeFlags, keepDataKey, force },
    aliases: changeAliases,
    positional: { kind: "tuple", parameters: [user, named("KEY", "One of their keys")] },
  },
  docs: { brief: "One key fewer for a person" },
});

const renameUser = buildCommand<ChangeFlags, [string, string], Context>({
  loader: async () => (await import("./commands/principal.ts")).renameUser,
  parameters: renaming(user),
  docs: { brief: "Another name for a person, in both tiers" },
});

const removeUser = buildCommand<RemoveFlags, [string], Context>({
  loader: async () => (await import("./commands/principal.ts")).removeUser,
  parameters: removing(user),
  docs: { brief: "Lock a person out: both registries, every group, every document" },
});

const listUsers = buildCommand<{ json?: boolean }, [], Context>({
  loader: async () => (await import("./commands/principals.ts")).listUsers,
  parameters: { flags: { json } },
  docs: { brief: "Who there is, by which keys" },
});

export const users = buildRouteMap({
  routes: { add: addUser, rm: removeUser, rename: renameUser, ls: listUsers, "add-key": addKey, "rm-key": removeKey },
  docs: { brief: "People: add, remove, rename, list; their keys" },
});

const groupAndMembers = {
  flags: { ...changeFlags, keepDataKey, force },
  aliases: changeAliases,
  positional: {
    kind: "array",
    parameter: { ...named("GROUP WHO", "The group, then its members"), proposeCompletions: completeName() },
    minimum: 2,
  },
} as const;

const addGroup = buildCommand<GroupFlags, string[], Context>({
  loader: async () => (await import("./commands/group.ts")).addGroup,
  parameters: groupAndMembers,
  docs: { brief: "A new group of users and machines", customUsage: ["GROUP WHO…"] },
});

const addMember = buildCommand<GroupFlags, string[], Context>({
  loader: async () => (await import("./commands/group.ts")).addMember,
  parameters: groupAndMembers,
  docs: { brief: "More members; they read what the group reads", customUsage: ["GROUP WHO…"] },
});

const removeMember = buildCommand<GroupFlags, string[], Context>({
  loader: async () => (await import("./commands/group.ts")).removeMember,
  parameters: groupAndMembers,
  docs: { brief: "Fewer members; what they read through the group gets new data keys", customUsage: ["GROUP WHO…"] },
});

const removeGroup = buildCommand<GroupFlags, [string], Context>({
  loader: async () => (await import("./commands/group.ts")).removeGroup,
  parameters: {
    flags: { ...changeFlags, keepDataKey, force },
    aliases: changeAliases,
    positional: { kind: "tuple", parameters: [group] },
  },
  docs: { brief: "Remove a group, and every link to it" },
});

const listGroups = buildCommand<{ json?: boolean }, [], Context>({
  loader: async () => (await import("./commands/principals.ts")).listGroups,
  parameters: { flags: { json } },
  docs: { brief: "Which groups there are, and who is in them" },
});

export const groups = buildRouteMap({
  routes: { add: addGroup, rm: removeGroup, ls: listGroups, "add-member": addMember, "rm-member": removeMember },
  docs: { brief: "Groups of users and machines: add, remove, list; their members" },
});

const rotateUser = buildCommand<UserFlags, [string], Context>({
  loader: async () => (await import("./commands/rotate.ts")).rotateUser,
  parameters: {
    flags: {
      ...changeFlags,
      to: valued("KEY", "The new public key; with --finish the one that stays"),
      toSsh: valued("FILE", "A file with the new SSH public key; - is stdin"),
      generate: valued("FILE", "Make a new age key and write it there: outside of the repository, for you alone"),
      from: valued("KEY", "The key that goes, of somebody who has several"),
      overlap: switched("Seal to both keys, until --finish"),
      finish: switched("See that the new key opens everything, then drop the old one"),
      keepDataKey,
      force,
    },
    aliases: changeAliases,
    positional: { kind: "tuple", parameters: [user] },
  },
  docs: {
    brief: "Another key for a person, in every place that states it and every document it opens",
    customUsage: ["NAME --to KEY", "NAME --generate FILE --overlap", "NAME --finish"],
  },
});

const rotateMachine = buildCommand<MachineFlags, [string], Context>({
  loader: async () => (await import("./commands/rotate.ts")).rotateMachine,
  parameters: {
    flags: {
      ...changeFlags,
      to: valued("KEY", "The new public key"),
      fromHostKey: valued("FILE", "The SSH host key, public or private, that it is derived from; - is stdin"),
      generate: switched("Make a new SSH host key here, of a machine whose keys are sealed in the fleet"),
      extraFiles: valued("DIR", "Lay out the new keys for its first boot in this new folder outside of the repository"),
      from: valued("KEY", "The key that goes, of a machine that has several"),
      keepDataKey,
      force,
    },
    aliases: changeAliases,
    positional: { kind: "tuple", parameters: [machine] },
  },
  docs: {
    brief: "Another key for a machine; its sealed private half is replaced, or it says that it cannot",
    customUsage: ["NAME --to KEY", "NAME --from-host-key FILE", "NAME --generate --extra-files DIR"],
  },
});

const rotateDataKeys = buildCommand<DataKeyFlags, string[], Context>({
  loader: async () => (await import("./commands/rotate-data-keys.ts")).rotateDataKeys,
  parameters: {
    flags: { ...changeFlags, olderThan: valued("AGE", "Only data keys older than this by git history: 90d, 12w, 1y") },
    aliases: changeAliases,
    positional: paths,
  },
  docs: {
    brief: "New data keys for the same readers: every value is encrypted anew",
    customUsage: ["[PATH…]", "--older-than 90d"],
  },
});

export const rotate = buildRouteMap({
  routes: { user: rotateUser, machine: rotateMachine, "data-keys": rotateDataKeys },
  docs: { brief: "New keys: of a person, of a machine, or of documents" },
});

const trustLs = buildCommand<{ json?: boolean }, [], Context>({
  loader: async () => (await import("./commands/trust.ts")).trustList,
  parameters: { flags: { json } },
  docs: { brief: "Who is approved on this clone, and whom the policy asks for without that" },
});

const whom = {
  kind: "array",
  parameter: { ...named("WHO|KEY", "Names, or keys"), proposeCompletions: completeName() },
  minimum: 1,
} as const;

const trustAccept = buildCommand<{ yes?: boolean }, string[], Context>({
  loader: async () => (await import("./commands/trust.ts")).trustAccept,
  parameters: { flags: { yes: switched("Answer yes to the question") }, aliases: { y: "yes" }, positional: whom },
  docs: { brief: "Approve these keys: shows each, where it is stated, and who brought it in" },
});

const trustForget = buildCommand<Record<never, never>, string[], Context>({
  loader: async () => (await import("./commands/trust.ts")).trustForget,
  parameters: { positional: whom },
  docs: { brief: "Approve these keys no longer; takes nobody's access away" },
});

export const trust = buildRouteMap({
  routes: { ls: trustLs, accept: trustAccept, forget: trustForget },
  defaultCommand: "ls",
  docs: { brief: "Readers that were approved on this clone: list, accept, forget" },
});
