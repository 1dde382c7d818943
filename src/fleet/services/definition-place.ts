/** Where definitions of services lie: `vars/services/<service>.yaml`, and beside them the schema that editors complete them by. */

export const DEFINITIONS = "vars/services";
/** Beside the definitions, so that an editor finds it without a network and wherever this program is installed. */
export const SCHEMA_FILE = `${DEFINITIONS}/.schema.json`;
const PLACE = /^vars\/services\/([^/]+)\.ya?ml$/;

/** The name of the service that a file would define; undefined for a path that is none of a definition's. */
export function definedName(path: string): string | undefined {
  return PLACE.exec(path)?.[1];
}

/** Whether what lies there is read in clear, whatever a rule says of the path. */
export function isDefinitionPlace(path: string): boolean {
  return path === SCHEMA_FILE || definedName(path) !== undefined;
}
