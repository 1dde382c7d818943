/** What a Nix file says, as far as its form tells: expressions with their offsets. Nothing is ever evaluated. */

export type NixExpression =
  | { readonly kind: "set"; readonly at: number; readonly bindings: readonly NixBinding[] }
  | {
      readonly kind: "let";
      readonly at: number;
      readonly bindings: readonly NixBinding[];
      readonly body: NixExpression;
    }
  /** `a: …`, `{ a, b ? … }@c: …`; `defaults` are the expressions behind `?`. */
  | {
      readonly kind: "function";
      readonly at: number;
      readonly defaults: readonly NixExpression[];
      readonly body: NixExpression;
    }
  | {
      readonly kind: "with" | "assert";
      readonly at: number;
      readonly scope: NixExpression;
      readonly body: NixExpression;
    }
  | {
      readonly kind: "if";
      readonly at: number;
      readonly condition: NixExpression;
      readonly branches: readonly [NixExpression, NixExpression];
    }
  | {
      readonly kind: "call";
      readonly at: number;
      readonly head: NixExpression;
      readonly args: readonly NixExpression[];
    }
  | NixSelect
  /** Operands in their order, whatever binds stronger; `?` and what is asked for by it leave no operand. */
  | {
      readonly kind: "operation";
      readonly at: number;
      readonly operators: readonly string[];
      readonly operands: readonly NixExpression[];
    }
  | { readonly kind: "list"; readonly at: number; readonly items: readonly NixExpression[] }
  | NixString
  | { readonly kind: "name"; readonly at: number; readonly name: string }
  /** A path, a number, a URI: none of them names an attribute. */
  | { readonly kind: "constant"; readonly at: number; readonly inner: readonly NixExpression[] };

/** `base.a."b".${c}`, with what stands behind `or`. */
export interface NixSelect {
  readonly kind: "select";
  readonly at: number;
  readonly base: NixExpression;
  readonly path: readonly NixPart[];
  readonly fallback: NixExpression | undefined;
}

export interface NixString {
  readonly kind: "string";
  readonly at: number;
  /** Up to the first interpolation. */
  readonly text: string;
  /** What stands between `${` and `}`; empty for a string that is the same whatever happens. */
  readonly inner: readonly NixExpression[];
}

/** One step of an attribute path. */
export interface NixPart {
  readonly at: number;
  /** Undefined where it is computed. */
  readonly text: string | undefined;
  /** What it begins with for certain. */
  readonly start: string;
  readonly inner: readonly NixExpression[];
}

export type NixBinding =
  | { readonly kind: "attribute"; readonly path: readonly NixPart[]; readonly value: NixExpression }
  | { readonly kind: "inherit"; readonly from: NixExpression | undefined; readonly names: readonly NixPart[] };

/** Every expression that stands directly in one. */
export function childrenOf(expression: NixExpression): readonly NixExpression[] {
  switch (expression.kind) {
    case "set":
      return expression.bindings.flatMap(inBinding);
    case "let":
      return [...expression.bindings.flatMap(inBinding), expression.body];
    case "function":
      return [...expression.defaults, expression.body];
    case "with":
    case "assert":
      return [expression.scope, expression.body];
    case "if":
      return [expression.condition, ...expression.branches];
    case "call":
      return [expression.head, ...expression.args];
    case "select":
      return [
        expression.base,
        ...expression.path.flatMap(({ inner }) => inner),
        ...(expression.fallback === undefined ? [] : [expression.fallback]),
      ];
    case "operation":
      return expression.operands;
    case "list":
      return expression.items;
    case "string":
    case "constant":
      return expression.inner;
    case "name":
      return [];
  }
}

function inBinding(binding: NixBinding): readonly NixExpression[] {
  if (binding.kind === "attribute") return [...binding.path.flatMap(({ inner }) => inner), binding.value];
  return [...(binding.from === undefined ? [] : [binding.from]), ...binding.names.flatMap(({ inner }) => inner)];
}

/** The last word of `a`, `lib.a`, `inputs.x.lib.a`: what a function is called. */
export function nameOf(expression: NixExpression): string | undefined {
  if (expression.kind === "name") return expression.name;
  return expression.kind === "select" ? expression.path.at(-1)?.text : undefined;
}

/** An expression and all that stands in it, outside first. */
export function* everyExpression(root: NixExpression): Generator<NixExpression> {
  const waiting: NixExpression[] = [root];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    yield next;
    const children = childrenOf(next);
    for (let index = children.length - 1; index >= 0; index--) {
      const child = children[index];
      if (child !== undefined) waiting.push(child);
    }
  }
}
