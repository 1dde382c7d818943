/** Certificates: an authority of one's own, and what it signs. Kept by @peculiar/x509 on Node's own crypto. */
import { randomBytes, webcrypto } from "node:crypto";
import { SecretsError } from "../../../errors.ts";
import type { MadeFiles, MakerInput } from "../maker-input.ts";
import { filledIn, isWanted, numberOption, optionOf, textOption, toFiles, wrongOption } from "./outputs.ts";
import { type SubjectName, subjectName } from "./subject-names.ts";

type Library = typeof import("@peculiar/x509");
type KeyPair = webcrypto.CryptoKeyPair;

const ALGORITHMS: Readonly<Record<string, object>> = {
  "ecdsa-p256": { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" },
  "ecdsa-p384": { name: "ECDSA", namedCurve: "P-384", hash: "SHA-384" },
  ed25519: { name: "Ed25519" },
  "rsa-3072": {
    name: "RSASSA-PKCS1-v1_5",
    modulusLength: 3072,
    publicExponent: new Uint8Array([1, 0, 1]),
    hash: "SHA-256",
  },
  "rsa-4096": {
    name: "RSASSA-PKCS1-v1_5",
    modulusLength: 4096,
    publicExponent: new Uint8Array([1, 0, 1]),
    hash: "SHA-256",
  },
};
const DAY = 86_400_000;
/** `ub-common-name` of RFC 5280; some programs refuse what is longer. */
const MAX_COMMON_NAME = 64;
/** Clocks of machines that have just started are late. */
const LEEWAY = 5 * 60_000;

export async function makeAuthority(input: MakerInput): Promise<MadeFiles> {
  const x509 = await load();
  const { algorithm, keys } = await newKeys(input);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      ...common(input, algorithm),
      name: subjectOf(input),
      keys,
      extensions: [
        new x509.BasicConstraintsExtension(true, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
      ],
    },
    webcrypto,
  );
  return toFiles(input, { key: await pemOf(keys), certificate: pem(certificate.toString("pem")) });
}

export async function makeCertificate(input: MakerInput): Promise<MadeFiles> {
  const x509 = await load();
  const { certificate: ca, key: caKey } = await authorityOf(input, x509);
  refuseExpired(input, ca.notAfter);
  const { algorithm, keys } = await newKeys(input);
  const names = (optionOf(input, "names") as readonly string[]).map((name) => nameOf(input, filledIn(input, name)));
  const usage = textOption(input, "usage");
  const purposes = [
    ...(usage === "client" ? [] : [x509.ExtendedKeyUsage.serverAuth]),
    ...(usage === "server" ? [] : [x509.ExtendedKeyUsage.clientAuth]),
  ];
  const encipherment = algorithm["name"] === "RSASSA-PKCS1-v1_5" ? x509.KeyUsageFlags.keyEncipherment : 0;
  const { notAfter, ...dates } = common(input, algorithm);
  const certificate = await x509.X509CertificateGenerator.create(
    {
      ...dates,
      // No certificate outlives the one that vouches for it.
      notAfter: notAfter < ca.notAfter ? notAfter : ca.notAfter,
      subject: subjectOf(input),
      issuer: ca.subject,
      publicKey: keys.publicKey,
      signingKey: caKey,
      signingAlgorithm: signingOf(caKey, ca),
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature | encipherment, true),
        new x509.ExtendedKeyUsageExtension(purposes),
        ...(names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names)]),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
        await x509.AuthorityKeyIdentifierExtension.create(ca, false, webcrypto),
      ],
    },
    webcrypto,
  );
  const text = pem(certificate.toString("pem"));
  return toFiles(input, {
    key: await pemOf(keys),
    certificate: text,
    ...(isWanted(input, "chain") ? { chain: text + pem(ca.toString("pem")) } : {}),
  });
}

async function load(): Promise<Library> {
  // The library is put together by a container that reads types by this.
  await import("reflect-metadata");
  const x509 = await import("@peculiar/x509");
  x509.cryptoProvider.set(webcrypto);
  return x509;
}

function common(input: MakerInput, algorithm: object) {
  const { now } = input;
  return {
    serialNumber: serial(),
    notBefore: new Date(now.getTime() - LEEWAY),
    notAfter: new Date(now.getTime() + numberOption(input, "days") * DAY),
    signingAlgorithm: algorithm,
  };
}

/** Positive, and of as many bytes as the CA/Browser Forum's rules ask for. */
function serial(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString("hex");
}

async function newKeys(input: MakerInput): Promise<{ algorithm: Record<string, unknown>; keys: KeyPair }> {
  const algorithm = ALGORITHMS[textOption(input, "algorithm")] as Record<string, unknown>;
  const keys = (await webcrypto.subtle.generateKey(algorithm as unknown as webcrypto.EcKeyGenParams, true, [
    "sign",
    "verify",
  ])) as KeyPair;
  return { algorithm, keys };
}

function subjectOf(input: MakerInput): { [field: string]: string[] }[] {
  const organization = optionOf(input, "organization");
  const name = filledIn(input, textOption(input, "commonName"));
  if (name === "" || [...name].length > MAX_COMMON_NAME) {
    const message = `${input.service.address}: its commonName has to be of 1 to ${MAX_COMMON_NAME} characters`;
    throw wrongOption(input.service, message, "options: { commonName: … }");
  }
  return [{ CN: [name] }, ...(typeof organization === "string" ? [{ O: [organization] }] : [])];
}

function nameOf(input: MakerInput, text: string): SubjectName {
  const name = subjectName(text);
  if (name !== undefined) return name;
  const message = `${input.service.address}: ${JSON.stringify(text)} is neither a DNS name nor an IP address`;
  throw wrongOption(input.service, message, "options: { names: [host.example, 192.0.2.1] }");
}

/** What it signed would be refused from the first day on. */
function refuseExpired(input: MakerInput, end: Date): void {
  if (end > input.now) return;
  const name = textOption(input, "ca");
  throw new SecretsError("E_SERVICE_OPTION", `the certificate of ${name} ended on ${end.toISOString().slice(0, 10)}`, {
    hint: `make a new one, and what it signs with it: secrets generate --regenerate --service ${name}`,
  });
}

async function pemOf({ privateKey }: KeyPair): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", privateKey)).toString("base64");
  return `-----BEGIN PRIVATE KEY-----\n${(der.match(/.{1,64}/g) ?? []).join("\n")}\n-----END PRIVATE KEY-----\n`;
}

function pem(text: string): string {
  return text.endsWith("\n") ? text : `${text}\n`;
}

async function authorityOf(input: MakerInput, x509: Library) {
  const name = textOption(input, "ca");
  const authority = input.dependencies.find((one) => one.name === name);
  const file = (output: string): Uint8Array => {
    const named = authority?.files.find((one) => one.output === output)?.name;
    const bytes = named === undefined ? undefined : input.inputs.get(`${name}/${named}`);
    if (bytes !== undefined) return bytes;
    throw new SecretsError(
      "E_SERVICE_OPTION",
      `${input.service.address} is signed by ${name}, which is no service of kind x509-ca`,
      {
        hint: "name one in the option ca, and among the dependencies",
      },
    );
  };
  try {
    const certificate = new x509.X509Certificate(Buffer.from(file("certificate")).toString("latin1"));
    const algorithm = certificate.publicKey.algorithm;
    const der = Buffer.from(
      Buffer.from(file("key"))
        .toString("latin1")
        .replace(/-----[^-]+-----|\s/g, ""),
      "base64",
    );
    const hash = certificate.signatureAlgorithm.hash;
    const key = await webcrypto.subtle.importKey(
      "pkcs8",
      der,
      { ...algorithm, hash } as unknown as webcrypto.EcKeyImportParams,
      false,
      ["sign"],
    );
    return { certificate, key };
  } catch (cause) {
    if (cause instanceof SecretsError) throw cause;
    throw new SecretsError("E_SERVICE_OPTION", `the key or the certificate of ${name} cannot be read`, {
      hint: `make it anew: secrets generate --regenerate --service ${name}`,
      cause,
    });
  }
}

function signingOf(key: webcrypto.CryptoKey, { signatureAlgorithm }: InstanceType<Library["X509Certificate"]>) {
  return { ...key.algorithm, ...signatureAlgorithm };
}
