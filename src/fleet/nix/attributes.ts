/**
 * The attributes that an expression has for certain or perhaps, as far as can be told without evaluating it. Whatever may
 * add others is named by its place: a caller then knows that the list is not whole.
 */
import { type NixBinding, type NixExpression, nameOf } from "./syntax.ts";

export interface NixAttribute {
  readonly name: string;
  readonly at: number;
  readonly value: NixExpression;
  readonly scope: NixScope;
  /** False below a condition. */
  readonly certain: boolean;
}

export interface NixAttributes {
  readonly known: readonly NixAttribute[];
  /** What may have attributes that cannot be told. */
  readonly open: readonly NixExpression[];
}

/** The names that `let` gives, from the inside out. */
export type NixScope =
  | { readonly names: ReadonlyMap<string, readonly NixAttribute[]>; readonly outer: NixScope }
  | undefined;

/** Enough for any file that people write; a file made to be slow ends as one that cannot be told. */
const MOST_STEPS = 50_000;
const DEEPEST = 200;

/** Functions whose last argument is what they give, perhaps on a condition. */
const GIVES_LAST: ReadonlyMap<string, "always" | "perhaps"> = new Map([
  ["mkIf", "perhaps"],
  ["optionalAttrs", "perhaps"],
  ["mkDefault", "always"],
  ["mkForce", "always"],
  ["mkBefore", "always"],
  ["mkAfter", "always"],
  ["mkOverride", "always"],
  ["mkOrder", "always"],
]);

export class NixAttributeReader {
  #steps = 0;

  /** Of what functions, `let`, `with` and `assert` lead to. */
  of(expression: NixExpression, scope: NixScope): NixAttributes {
    const found: Found = { known: [], open: [] };
    this.#gather(expression, scope, true, found, 0);
    return found;
  }

  #gather(expression: NixExpression, scope: NixScope, certain: boolean, found: Found, depth: number): void {
    if (++this.#steps > MOST_STEPS || depth > DEEPEST) {
      found.open.push(expression);
      return;
    }
    const go = (to: NixExpression, inScope = scope, surely = certain) =>
      this.#gather(to, inScope, surely, found, depth + 1);
    switch (expression.kind) {
      case "set":
        for (const binding of expression.bindings) this.#bind(binding, scope, certain, found, expression);
        return;
      case "let":
        go(expression.body, this.#scope(expression.bindings, scope, expression));
        return;
      case "function":
      case "with":
      case "assert":
        go(expression.body);
        return;
      case "if":
        for (const branch of expression.branches) go(branch, scope, false);
        return;
      case "operation":
        if (expression.operators.some((operator) => operator !== "//")) break;
        for (const operand of expression.operands) go(operand);
        return;
      case "call": {
        const { head, args } = expression;
        const [last] = args.slice(-1);
        const name = nameOf(head);
        const gives = GIVES_LAST.get(name ?? "");
        if (gives !== undefined && last !== undefined) {
          go(last, scope, certain && gives === "always");
          return;
        }
        if (name === "recursiveUpdate") {
          for (const arg of args) go(arg);
          return;
        }
        if (name === "mkMerge" && last?.kind === "list") {
          for (const item of last.items) go(item);
          return;
        }
        break;
      }
      case "name": {
        const given = lookUp(scope, expression.name);
        if (given === undefined) break;
        for (const one of given) go(one.value, one.scope, certain && one.certain);
        return;
      }
      case "select": {
        if (expression.fallback !== undefined) break;
        const [part, ...rest] = expression.path;
        if (part?.text === undefined) break;
        const base: Found = { known: [], open: [] };
        this.#gather(expression.base, scope, true, base, depth + 1);
        if (base.open.length > 0) break;
        for (const one of base.known) {
          if (one.name !== part.text) continue;
          const value: NixExpression = rest.length === 0 ? one.value : { ...expression, base: one.value, path: rest };
          go(value, one.scope, certain && one.certain);
        }
        return;
      }
    }
    found.open.push(expression);
  }

  #bind(binding: NixBinding, scope: NixScope, certain: boolean, found: Found, whole: NixExpression): void {
    this.#steps++;
    if (binding.kind === "inherit") {
      for (const part of binding.names) {
        this.#steps++;
        if (part.text === undefined) {
          found.open.push(whole);
          continue;
        }
        const { at, text: name } = part;
        const { from } = binding;
        const value: NixExpression =
          from === undefined
            ? { kind: "name", at, name }
            : { kind: "select", at, base: from, path: [part], fallback: undefined };
        found.known.push({ name, at, value, scope, certain });
      }
      return;
    }
    const [first, ...rest] = binding.path;
    if (first?.text === undefined) {
      found.open.push(whole);
      return;
    }
    const value: NixExpression =
      rest.length === 0
        ? binding.value
        : { kind: "set", at: first.at, bindings: [{ kind: "attribute", path: rest, value: binding.value }] };
    found.known.push({ name: first.text, at: first.at, value, scope, certain });
  }

  #scope(bindings: readonly NixBinding[], outer: NixScope, whole: NixExpression): NixScope {
    const names = new Map<string, NixAttribute[]>();
    const scope: NixScope = { names, outer };
    const found: Found = { known: [], open: [] };
    for (const binding of bindings) {
      // `inherit x;` takes the x of outside.
      const from = binding.kind === "inherit" && binding.from === undefined ? outer : scope;
      this.#bind(binding, from, true, found, whole);
    }
    for (const one of found.known) {
      const same = names.get(one.name);
      if (same === undefined) names.set(one.name, [one]);
      else same.push(one);
    }
    return scope;
  }
}

interface Found {
  readonly known: NixAttribute[];
  readonly open: NixExpression[];
}

function lookUp(scope: NixScope, name: string): readonly NixAttribute[] | undefined {
  for (let here = scope; here !== undefined; here = here.outer) {
    const given = here.names.get(name);
    if (given !== undefined) return given;
  }
  return undefined;
}
