/** What a plugin needs of the outside: its program, and a person in front of it. */

/** A running `age-plugin-<name>`. */
export interface PluginProcess {
  /** Its standard output. Rejects if it could not be started at all. */
  readonly output: AsyncIterable<Uint8Array>;
  /** To its standard input; what a program that has ended does not take is dropped. */
  write(bytes: Uint8Array): Promise<void>;
  /** Closes its input and waits for it, or ends it after a while. */
  end(): Promise<void>;
  /** Ends it at once. */
  kill(): void;
}

export type PluginMachine = "recipient-v1" | "identity-v1";

/** @throws SecretsError `E_AGE_PLUGIN_MISSING` when there is no such program */
export type StartPlugin = (name: string, machine: PluginMachine) => PluginProcess;

/** How far a session is: file keys that are done, of all that were asked for. */
export interface PluginProgress {
  readonly done: number;
  readonly all: number;
}

/** The person in front of it. What a plugin says is not trusted to be printable. All reject if the person stops the run. */
export interface PluginPerson {
  /** Something to do or to know: "touch your key". */
  tell(plugin: string, text: string, progress: PluginProgress): void;
  /** Null: there is nobody to ask. */
  ask(plugin: string, prompt: string, hidden: boolean): Promise<string | null>;
  /** Whether `yes` was chosen; null as above. @param no undefined: it can only be acknowledged */
  choose(plugin: string, text: string, yes: string, no: string | undefined): Promise<boolean | null>;
  /** Called whenever the plugin is waited for; what it returns is called when it has answered. */
  waitFor(plugin: string): () => void;
}
