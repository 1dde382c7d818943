/** One change of one file, as a plan lists it and a transaction applies it; and the state that a file is in. */
import { createHash } from "node:crypto";
import type { RepoPath } from "./path.ts";

/**
 * What must be at the path before: `absent`, the SHA-256 of the file's bytes in lower-case hex, or `link:` and the
 * text of a link. Anything else there stops the transaction.
 */
export type Expected = string;

/** Contents are ciphertext or public: they are kept under the git directory, so nothing plain may pass here. */
export type FileChange =
  | {
      readonly kind: "write";
      readonly path: RepoPath;
      readonly bytes: Uint8Array;
      /** Permission bits, exactly. Without it the file keeps its own, and a new file gets what the umask leaves of 0666. */
      readonly mode?: number;
      readonly expect: Expected;
    }
  | {
      readonly kind: "link";
      readonly path: RepoPath;
      /** The text of the link, relative to its own directory; it must not lead out of the root. */
      readonly target: string;
      readonly expect: Expected;
    }
  | { readonly kind: "remove"; readonly path: RepoPath; readonly expect: Expected };

export type FileState =
  | { readonly kind: "absent" }
  | { readonly kind: "file"; readonly hash: string; readonly mode: number }
  | { readonly kind: "link"; readonly target: string };

export function contentHash(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** The state in the form that a change expects it. */
export function expectedOf(state: FileState): Expected {
  if (state.kind === "absent") return "absent";
  return state.kind === "file" ? state.hash : `link:${state.target}`;
}
