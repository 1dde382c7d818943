/** Where definitions of services lie: `vars/services/<service>.yaml`, and beside them what is made for editors and for Nix. */

export const DEFINITIONS = "vars/services";
/** Beside the definitions, so that an editor finds it without a network and wherever this program is installed. */
export const SCHEMA_FILE = `${DEFINITIONS}/.schema.json`;
/** What the Nix modules read. */
const INDEX = `${DEFINITIONS}/index.json`;
const PLACE = /^vars\/services\/([^/]+)\.ya?ml$/;

/** The name of the service that a file would define; undefined for a path that is none of a definition's. */
export function definedName(path: string): string | undefined {
  return PLACE.exec(path)?.[1];
}

/** Whether what lies there is read in clear, whatever a rule says of the path. */
export function isDefinitionPlace(path: string): boolean {
  return path === SCHEMA_FILE || path === INDEX || definedName(path) !== undefined;
}
