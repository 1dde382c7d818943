/**
 * `npm run build`: everything that is shipped, in `dist/`.
 * - `secrets.cjs`: the launcher (`src/cli/launch.ts`), written so that an old Node can read it and say what it lacks;
 * - `main.cjs`: the whole program with its dependencies. Dynamic imports stay lazy: their code is read, not run;
 * - `seal-thread.cjs`: the part of it that runs in more threads when many data keys are to be sealed;
 * - `THIRD-PARTY.md`: the licence of every package that is inside.
 */
import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type BuildOptions, build } from "esbuild";
import { thirdPartyNotice } from "./build/third-party.ts";

rmSync("dist", { recursive: true, force: true });
mkdirSync("dist");

const shared: BuildOptions = {
  bundle: true,
  minify: true,
  format: "cjs",
  platform: "node",
  charset: "ascii",
  legalComments: "none",
  // A lazy import of something outside the bundle (a Node module) is a `require` too: it spares the module loader.
  supported: { "dynamic-import": false },
  logLevel: "warning",
};

const { metafile } = await build({
  ...shared,
  entryPoints: ["src/cli/main.ts"],
  // Sources use it to reach `require`, which the bundle has.
  define: { "import.meta.url": '""' },
  outfile: "dist/main.cjs",
  external: ["./seal-thread.cjs"],
  target: "node22.12",
  metafile: true,
});
await build({
  ...shared,
  entryPoints: ["src/cli/seal-thread.ts"],
  outfile: "dist/seal-thread.cjs",
  target: "node22.12",
});
// The launcher runs the program as the body of a function, where a "#!" line cannot stand.
const program = Buffer.from(readFileSync("dist/main.cjs", "latin1").replace(/^#!.*\n/, ""), "latin1");
writeFileSync("dist/main.cjs", program);
if (program.some((byte) => byte > 0x7f)) throw new Error("the launcher reads the bundle as ASCII, and it is not");
const hash = createHash("sha256").update(program).digest("hex").slice(0, 16);
await build({
  ...shared,
  entryPoints: ["src/cli/launch.ts"],
  outfile: "dist/secrets.cjs",
  target: "node12",
  external: ["./main.cjs"],
  define: { BUILD: JSON.stringify(hash) },
});
chmodSync("dist/secrets.cjs", 0o755);
writeFileSync("dist/THIRD-PARTY.md", thirdPartyNotice(Object.keys(metafile?.inputs ?? {})));
