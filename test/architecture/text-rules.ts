/** What no tracked text may hold: a path of the machine it was written on, or the host of a package registry. */
import type { SourceFile } from "./source-rules.ts";

// Put together here, so that this file does not hold what it looks for.
const host = (...labels: string[]) => labels.join(".").replaceAll(".", "\\.");
const REGISTRIES = [
  host("registry", "npmjs", "org"),
  host("registry", "yarnpkg", "com"),
  host("proxy", "golang", "org"),
  host("sum", "golang", "org"),
  host("static", "crates", "io"),
  host("index", "crates", "io"),
  host("files", "pythonhosted", "org"),
  host("deb", "debian", "org"),
  host("repo1?", "maven", "org"),
];
const PLACES = ["work/(main|shared)", "root/(peers|go)", "tmp/[a-z0-9]{1,3}/"].map(
  (place) => `(?<![\\w.])/${place}\\b`,
);

const FORBIDDEN = new RegExp([...REGISTRIES, ...PLACES].join("|"), "i");

/** @returns one sentence for each line that names such a path or host. */
export function textFaults(files: readonly SourceFile[]): string[] {
  return files.flatMap(({ path, text }) =>
    text.split("\n").flatMap((line, index) => {
      const found = FORBIDDEN.exec(line)?.[0];
      return found === undefined ? [] : [`${path}:${index + 1}: holds ${found}`];
    }),
  );
}
