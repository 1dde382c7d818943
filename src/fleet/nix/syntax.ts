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

/** The last word of `a`, `lib.a`, `inputs.x.lib.a`: what a function is called. */
export function nameOf(expression: NixExpression): string | undefined {
  if (expression.kind === "name") return expression.name;
  return expression.kind === "select" ? expression.path.at(-1)?.text : undefined;
}

/** Tells an expression and all that stands in it, outside first. Nothing is deeper than what could be read. */
export function visit(expression: NixExpression, tell: (expression: NixExpression) => void): void {
  tell(expression);
  switch (expression.kind) {
    case "set":
      visitBindings(expression.bindings, tell);
      return;
    case "let":
      visitBindings(expression.bindings, tell);
      visit(expression.body, tell);
      return;
    case "function":
      visitAll(expression.defaults, tell);
      visit(expression.body, tell);
      return;
    case "with":
    case "assert":
      visit(expression.scope, tell);
      visit(expression.body, tell);
      return;
    case "if":
      visit(expression.condition, tell);
      visitAll(expression.branches, tell);
      return;
    case "call":
      visit(expression.head, tell);
      visitAll(expression.args, tell);
      return;
    case "select":
      visit(expression.base, tell);
      for (const { inner } of expression.path) visitAll(inner, tell);
      if (expression.fallback !== undefined) visit(expression.fallback, tell);
      return;
    case "operation":
      visitAll(expression.operands, tell);
      return;
    case "list":
      visitAll(expression.items, tell);
      return;
    case "string":
    case "constant":
      visitAll(expression.inner, tell);
      return;
    case "name":
      return;
  }
}

function visitAll(expressions: readonly NixExpression[], tell: (expression: NixExpression) => void): void {
  for (const expression of expressions) visit(expression, tell);
}

function visitBindings(bindings: readonly NixBinding[], tell: (expression: NixExpression) => void): void {
  for (const binding of bindings) {
    if (binding.kind === "attribute") {
      for (const { inner } of binding.path) visitAll(inner, tell);
      visit(binding.value, tell);
    } else {
      if (binding.from !== undefined) visit(binding.from, tell);
      for (const { inner } of binding.names) visitAll(inner, tell);
    }
  }
}
