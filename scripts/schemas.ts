/** `npm run schemas`: writes the JSON Schemas of every `--json` output into `schemas/`. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { renderSchemas } from "./schemas/render.ts";

mkdirSync("schemas", { recursive: true });
for (const [file, text] of renderSchemas()) {
  writeFileSync(join("schemas", file), text);
  console.log(`schemas/${file}`);
}
