import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const LICENCE_FILE = /^(licen[cs]e|copying|notice)/i;
/** For packages that name this licence and leave the text out. */
const APACHE = join(import.meta.dirname, "licences/Apache-2.0.txt");

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
    const { name, version, license, author } = JSON.parse(readFileSync(join(directory, "package.json"), "utf8"));
    const files = readdirSync(directory)
      .filter((file) => LICENCE_FILE.test(file))
      .map((file) => join(directory, file));
    if (files.length === 0 && license === "Apache-2.0") files.push(APACHE);
    if (files.length === 0) throw new Error(`${name} is bundled and has no licence text`);
    const by = author === undefined ? "" : `By ${typeof author === "string" ? author : author.name}.\n\n`;
    const texts = files.map((file) => readFileSync(file, "utf8").trim());
    return `## ${name} ${version} (${license})\n\n${by}${texts.map((text) => `~~~\n${text}\n~~~`).join("\n\n")}\n`;
  });
  return `# Third-party software in this bundle\n\n${sections.join("\n")}`;
}
