/**
 * The built-in kinds of services, as data: what each makes and what can be said about it. Definitions are checked
 * against this table, the schema is made of it, and `actions/service/make/` has one maker for each.
 */

export interface Kind {
  /** One line for a person. */
  readonly brief: string;
  /** What it makes, in the order in which it is told; the name of each is what `output` in a definition says. */
  readonly outputs: Readonly<Record<OutputName, KindOutput>>;
  readonly options: Readonly<Record<string, OptionRule>>;
}

export type OutputName = string;

export interface KindOutput {
  /** The file that it goes into when the definition names none. */
  readonly file: string;
  readonly secret: boolean;
  /** By default. */
  readonly deploy: boolean;
  /** By default. */
  readonly neededFor?: "users" | "services";
  /** Made only when the definition names a file for it. */
  readonly optional?: true;
}

export type OptionValue = string | number | boolean | readonly string[];

export type OptionRule = { readonly brief: string; readonly required?: true } & (
  | { readonly type: "integer"; readonly least: number; readonly most: number; readonly standard?: number }
  | { readonly type: "choice"; readonly choices: readonly string[]; readonly standard?: string }
  | {
      readonly type: "text";
      readonly standard?: string;
      /** Its standard value in a shared service, which has no {machine} to fill in; only where that is filled in at all. */
      readonly shared?: string;
      readonly pattern?: RegExp;
      readonly example?: string;
    }
  | { readonly type: "switch"; readonly standard?: boolean }
  | { readonly type: "texts"; readonly standard?: readonly string[] }
);

/** A kind as a definition has it; options are checked and have their standard values filled in. */
export interface KindOptions {
  readonly name: KindName;
  readonly options: Readonly<Record<string, OptionValue>>;
}

const whole = (brief: string, least: number, most: number, standard: number): OptionRule => ({
  type: "integer",
  brief,
  least,
  most,
  standard,
});
const choice = (brief: string, choices: readonly string[], standard: string): OptionRule => ({
  type: "choice",
  brief,
  choices,
  standard,
});

const secret = (file: string): KindOutput => ({ file, secret: true, deploy: true });
const kept = (file: string): KindOutput => ({ file, secret: true, deploy: false });
const open = (file: string): KindOutput => ({ file, secret: false, deploy: true });

const subject: Readonly<Record<string, OptionRule>> = {
  organization: { type: "text", brief: "The O of its subject" },
  algorithm: choice("Of its key", ["ecdsa-p256", "ecdsa-p384", "ed25519", "rsa-3072", "rsa-4096"], "ecdsa-p256"),
  days: whole("How many days it is valid", 1, 36_500, 3650),
};

export const KINDS = {
  "ssh-key": {
    brief: "An SSH key pair",
    outputs: { private: secret("ssh.id"), public: open("ssh.id.pub") },
    options: {
      type: choice("Of the key", ["ed25519", "rsa"], "ed25519"),
      bits: whole("Of an RSA key", 2048, 8192, 4096),
      comment: {
        type: "text",
        brief: "Stands behind the public key; {machine} and {service} are filled in",
        standard: "{service}@{machine}",
        shared: "{service}",
      },
    },
  },
  "age-key": {
    brief: "An age identity and its recipient",
    outputs: { private: secret("age.key"), public: open("age.pub") },
    options: {
      postQuantum: { type: "switch", brief: "A hybrid key that a quantum computer cannot break", standard: false },
    },
  },
  password: {
    brief: "A random password",
    outputs: { value: secret("password") },
    options: {
      length: whole("Characters", 8, 1024, 32),
      alphabet: choice("Which characters", ["alphanumeric", "symbols", "digits", "lowercase"], "alphanumeric"),
    },
  },
  passphrase: {
    brief: "Random words of a list of 2048",
    outputs: { value: secret("passphrase") },
    options: {
      words: whole("How many; each is worth 11 bits", 4, 64, 8),
      separator: { type: "text", brief: "Between two words", standard: "-" },
    },
  },
  "password-hash": {
    brief: "A password, typed (a prompt called password) or random, and its hash as NixOS reads it",
    outputs: {
      password: kept("password"),
      hash: { file: "password-hash", secret: true, deploy: true, neededFor: "users" },
    },
    options: {
      algorithm: choice("Of the hash", ["yescrypt", "sha-512"], "yescrypt"),
      words: whole("Of a random password", 4, 64, 6),
    },
  },
  random: {
    brief: "Random bytes",
    outputs: { value: secret("random") },
    options: {
      bytes: whole("How many", 1, 65_536, 32),
      encoding: choice("How they are written", ["raw", "hex", "base64", "base64url", "uuid"], "base64url"),
    },
  },
  "x509-ca": {
    brief: "A certificate authority of one's own",
    outputs: { key: kept("ca.key"), certificate: open("ca.crt") },
    options: {
      ...subject,
      commonName: {
        type: "text",
        brief: "The CN of its subject; {machine} and {service} are filled in",
        standard: "{service}",
        shared: "{service}",
      },
    },
  },
  "x509-cert": {
    brief: "A certificate that a service of kind x509-ca signs",
    outputs: {
      key: secret("tls.key"),
      certificate: open("tls.crt"),
      chain: { ...open("tls.chain.crt"), optional: true },
    },
    options: {
      ...subject,
      commonName: {
        type: "text",
        brief: "The CN of its subject; {machine} and {service} are filled in",
        standard: "{machine}",
        shared: "{service}",
      },
      days: whole("How many days it is valid", 1, 36_500, 825),
      ca: {
        type: "text",
        brief: "The service that signs; has to be among the dependencies",
        required: true,
        example: "ca",
      },
      names: { type: "texts", brief: "DNS names and IP addresses; {machine} is filled in", standard: ["{machine}"] },
      usage: choice("What it is for", ["server", "client", "both"], "server"),
    },
  },
  "wireguard-key": {
    brief: "A WireGuard key pair",
    outputs: {
      private: secret("wireguard.key"),
      public: open("wireguard.pub"),
      preshared: { ...secret("wireguard.psk"), optional: true },
    },
    options: {},
  },
  prompt: { brief: "What a person types: a persisted prompt each", outputs: {}, options: {} },
  external: {
    brief: "Supplied by hand, from elsewhere; generate asks for nothing and says what is missing",
    outputs: {},
    options: {},
  },
  copy: {
    brief: "The value of a file of another service",
    outputs: { value: secret("copy") },
    options: {
      from: {
        type: "text",
        brief: "SERVICE/FILE; the service has to be among the dependencies",
        required: true,
        example: "other/password",
      },
    },
  },
} satisfies Record<string, Kind>;

export type KindName = keyof typeof KINDS;
