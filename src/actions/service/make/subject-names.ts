/** The names that a certificate is for, as RFC 5280 has them in a subjectAltName. */
import { isIP } from "node:net";
import { domainToASCII } from "node:url";

export interface SubjectName {
  readonly type: "dns" | "ip";
  readonly value: string;
}

/** A label, with the underscore that names of services have; the first one may be a star for any. */
const LABEL = /^(?!-)[A-Za-z0-9_-]{1,63}(?<!-)$/;
const MAX_NAME = 253;

/** @returns undefined for what is neither an IP address nor a DNS name; one with letters beyond ASCII in its ASCII form */
export function subjectName(text: string): SubjectName | undefined {
  // With a zone (`fe80::1%eth0`) an address is one of this computer alone.
  if (isIP(text) !== 0) return text.includes("%") ? undefined : { type: "ip", value: text };
  const value = /^[\x00-\x7f]*$/.test(text) ? text : domainToASCII(text);
  const [first = "", ...others] = value.split(".");
  const labels = first === "*" && others.length > 0 ? others : [first, ...others];
  if (value.length > MAX_NAME || !labels.every((label) => LABEL.test(label))) return undefined;
  return { type: "dns", value };
}
