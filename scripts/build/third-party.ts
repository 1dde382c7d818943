import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const LICENCE_FILE = /^(licen[cs]e|copying|notice)/i;

/**
 * The text that goes with a bundle: name, version, licence and full licence text of every package among its inputs.
 *
 * @param inputs paths of the bundled files, relative to the current directory.
 * @throws Error for a package without a licence text: nothing is shipped whose terms cannot be given along.
 */
export function thirdPartyNotice(inputs: readonly string[]): string {
  const directories = new Set<string>();
  for (const input of inputs) {
    const directory = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0];
    if (directory !== undefined) directories.add(directory);
  }
  const sections = [...directories].sort().map((directory) => {
    const { name, version, license } = JSON.parse(readFileSync(join(directory, "package.json"), "utf8"));
    const files = readdirSync(directory).filter((file) => LICENCE_FILE.test(file));
    if (files.length === 0) throw new Error(`${name} is bundled and has no licence text`);
    const texts = files.map((file) => readFileSync(join(directory, file), "utf8").trim());
    return `## ${name} ${version} (${license})\n\n${texts.map((text) => `~~~\n${text}\n~~~`).join("\n\n")}\n`;
  });
  return `# Third-party software in this bundle\n\n${sections.join("\n")}`;
}
