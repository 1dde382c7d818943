/** Whether a value is the same in two contents of a document, told by opening both where their ciphertext does not tell. */
import { SecretsError } from "../../errors.ts";
import { getAt } from "../../sops/access.ts";
import { parseKeyPath } from "../../sops/key-path.ts";
import { sameScalar } from "../../sops/scalar.ts";
import type { Format } from "../../sops/store.ts";
import type { MapNode, ScalarValue } from "../../sops/tree.ts";
import { openSource } from "../service/open-source.ts";
import type { Workplace } from "../workplace.ts";
import { sameByTraces, type Traces, tracesOf } from "./sealed-values.ts";

/** One content of a document, now or in the past. */
export interface Content {
  readonly bytes: Uint8Array;
  readonly format: Format;
  /** What {@link tracesOf} says of it. */
  readonly traces: ReadonlyMap<string, Traces>;
}

/** Undefined for what is no document. */
export function contentOf(bytes: Uint8Array, format: Format): Content | undefined {
  const traces = tracesOf(bytes, format);
  return traces === undefined ? undefined : { bytes, format, traces };
}

export class ValueComparer {
  readonly #workplace: Workplace;
  readonly #opened = new WeakMap<Uint8Array, Promise<readonly MapNode[] | undefined>>();

  constructor(workplace: Workplace) {
    this.#workplace = workplace;
  }

  /**
   * @param key formatted key path; empty for a binary document
   * @returns undefined where nothing tells: no key of this person opens both. False when one of them lacks the value.
   */
  async same(a: Content, b: Content, key: string): Promise<boolean | undefined> {
    const [then, now] = [a.traces.get(key), b.traces.get(key)];
    if (then === undefined || now === undefined) return false;
    const proved = sameByTraces(then, now);
    if (proved !== undefined) return proved;
    const [one, other] = [await this.#valueIn(a, key), await this.#valueIn(b, key)];
    if (one === undefined || other === undefined) return undefined;
    return sameScalar(one, other);
  }

  async #valueIn(content: Content, key: string): Promise<ScalarValue | undefined> {
    const documents = await this.#open(content);
    if (documents === undefined) return undefined;
    const node = getAt(documents, content.format === "binary" ? ["data"] : parseKeyPath(key));
    return node?.kind === "scalar" ? node.scalar : undefined;
  }

  #open({ bytes, format }: Content): Promise<readonly MapNode[] | undefined> {
    const known = this.#opened.get(bytes);
    if (known !== undefined) return known;
    // What is damaged, or not for us, tells nothing.
    const opening = openSource(this.#workplace, bytes, format, "").catch((error: unknown) => {
      if (error instanceof SecretsError) return undefined;
      throw error;
    });
    this.#opened.set(bytes, opening);
    return opening;
  }
}
