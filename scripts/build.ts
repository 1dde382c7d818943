/**
 * `npm run build`: everything that is shipped, in `dist/`.
 * - `secrets.cjs`: the launcher (`src/cli/launch.ts`), written so that an old Node can read it and say what it lacks;
 * - `main.cjs`: the whole program with its dependencies. Dynamic imports stay lazy: their code is read, not run;
 * - `THIRD-PARTY.md`: the licence of every package that is inside.
 */
import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { build } from "esbuild";
import { thirdPartyNotice } from "./build/third-party.ts";

rmSync("dist", { recursive: true, force: true });
mkdirSync("dist");

const shared = { bundle: true, minify: true, format: "cjs", platform: "node", logLevel: "warning" } as const;
await build({
  ...shared,
  entryPoints: ["src/cli/launch.ts"],
  outfile: "dist/secrets.cjs",
  target: "node12",
  external: ["./main.cjs"],
  banner: { js: "#!/usr/bin/env node" },
});
const { metafile } = await build({
  ...shared,
  entryPoints: ["src/cli/main.ts"],
  outfile: "dist/main.cjs",
  target: "node22.12",
  metafile: true,
  legalComments: "none",
});
chmodSync("dist/secrets.cjs", 0o755);
writeFileSync("dist/THIRD-PARTY.md", thirdPartyNotice(Object.keys(metafile.inputs)));
