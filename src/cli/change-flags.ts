/** The flags that every change of access takes, as the parser wants them. */

const text = (input: string): string => input;

/** A flag that is there or not. */
export const switched = (brief: string) => ({ kind: "boolean", brief, withNegated: false, optional: true }) as const;

/** An argument that stands by its place. */
export function named(placeholder: string, brief: string) {
  return { brief, placeholder, parse: text } as const;
}

export const json = switched("Print data instead of text");

/** A flag with a value, given at most once. */
export function valued(placeholder: string, brief: string) {
  return { kind: "parsed", parse: text, brief, placeholder, optional: true } as const;
}

/** A flag with a value, given any number of times. */
export function repeated(placeholder: string, brief: string) {
  return {
    kind: "parsed",
    parse: text,
    variadic: true,
    brief: `${brief} (repeatable)`,
    placeholder,
    optional: true,
  } as const;
}

export const changeFlags = {
  dryRun: switched("Show the plan, and stop there"),
  json: switched("Print the plan, and what became of it, as data"),
  planOut: valued("FILE", "Keep the plan in a file for `secrets apply` instead of applying it"),
  yes: switched("Answer yes to the question; readers that were never approved are asked for all the same"),
  commit: switched("Commit exactly the touched files"),
  message: valued("TEXT", "The message of that commit"),
  allow: repeated("KEY|WHO", "Approve this new reader"),
} as const;

export const changeAliases = { n: "dryRun", y: "yes", m: "message" } as const;

export const keepDataKey = switched(
  "Let a removed reader's documents keep their data key; the summary says what that risks",
);
export const force = switched("Allow a key that somebody else has too, or one that its machine may not be able to use");

export const ruleFlags = {
  ownRule: switched("Where a rule decides for more documents than were named: give those named a rule of their own"),
  wholeRule: switched("Where a rule decides for more documents than were named: change it for all of them"),
} as const;

type Placeholder = ReturnType<typeof named>;

/** Of `user rename` and `machine rename`. */
export const renaming = (placeholder: Placeholder) =>
  ({
    flags: { ...changeFlags },
    aliases: changeAliases,
    positional: { kind: "tuple", parameters: [placeholder, named("NEW", "The new name")] },
  }) as const;

/** Of `user rm` and `machine rm`. */
export const removing = (placeholder: Placeholder) =>
  ({
    flags: {
      ...changeFlags,
      keepDataKey,
      dropDocuments: switched("Remove what nobody else could read, instead of refusing"),
    },
    aliases: changeAliases,
    positional: { kind: "tuple", parameters: [placeholder] },
  }) as const;
