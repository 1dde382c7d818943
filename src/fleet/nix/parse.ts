/**
 * A reader of the Nix language's form, by the grammar of Nix 2.x with the pipe operators. It reads what Nix reads, and some
 * more; it binds operators by their order alone, since no question asked of it depends on which is stronger.
 */
import { NixCursor } from "./cursor.ts";
import { readInterpolation, readString } from "./strings.ts";
import type { NixBinding, NixExpression, NixPart } from "./syntax.ts";

/** Lengths are bounded, so that what is none after all is not read again and again. */
const URI = /[a-zA-Z][a-zA-Z0-9+.-]{0,62}:[a-zA-Z0-9%/?:@&=+$,_.!~*'-]+/y;
const PATH = /(?:[a-zA-Z0-9._+-]{0,100}|~)(?:\/[a-zA-Z0-9._+-]+)+\/?|<[a-zA-Z0-9._+-]+(?:\/[a-zA-Z0-9._+-]+)*>/y;
/** A path that goes on with `${`. */
const OPEN_PATH = /(?:[a-zA-Z0-9._+-]{0,100}|~)(?:\/[a-zA-Z0-9._+-]+)*\/(?=\$\{)/y;
const PATH_REST = /[a-zA-Z0-9._+/-]+/y;
const NUMBER = /(?:[1-9][0-9]*\.[0-9]*|0?\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[0-9]+/y;
const OPERATOR = /->|\|\||&&|==|!=|<=|>=|<\||\|>|\/\/|\+\+|[<>+*/-]/y;
const PREFIX = /[!-]/y;

/** @throws SecretsError `E_NIX_SYNTAX`, `E_NIX_NESTING`, with the line */
export function parseNix(text: string): NixExpression {
  const parser = new Parser(text);
  return parser.file();
}

class Parser {
  readonly #cursor: NixCursor;
  readonly #expression = (): NixExpression => this.#cursor.deeper(() => this.#read());

  constructor(text: string) {
    this.#cursor = new NixCursor(text.startsWith("\uFEFF") ? ` ${text.slice(1)}` : text);
  }

  file(): NixExpression {
    const cursor = this.#cursor;
    cursor.skip();
    const expression = this.#expression();
    if (cursor.offset < cursor.text.length) throw cursor.fault("this cannot stand here");
    return expression;
  }

  #read(): NixExpression {
    const cursor = this.#cursor;
    const at = cursor.offset;
    if (this.#functionAhead()) return this.#function(at);
    switch (cursor.word()) {
      case "let":
        return this.#let(at);
      case "with":
      case "assert": {
        const kind = cursor.take("with") ? "with" : "assert";
        if (kind === "assert") cursor.take("assert");
        const scope = this.#expression();
        cursor.expect(";");
        return { kind, at, scope, body: this.#expression() };
      }
      case "if": {
        cursor.take("if");
        const condition = this.#expression();
        this.#word("then");
        const then = this.#expression();
        this.#word("else");
        return { kind: "if", at, condition, branches: [then, this.#expression()] };
      }
      default:
        return this.#operation(at);
    }
  }

  /** `name:`, `name@`, `{ }:`, `{ a, …`, `{ a ? …`, `{ a }`, `{ ...`; not a set, and not a URI. */
  #functionAhead(): boolean {
    const cursor = this.#cursor;
    return cursor.ahead(() => {
      if (cursor.starts("{")) {
        cursor.take("{");
        if (cursor.take("}")) return cursor.starts(":") || cursor.starts("@");
        return cursor.starts("...") || (cursor.name() !== undefined && /[,?}]/.test(cursor.text.charAt(cursor.offset)));
      }
      if (cursor.peek(URI) !== undefined) return false;
      return cursor.name() !== undefined && (cursor.starts(":") || cursor.starts("@"));
    });
  }

  #function(at: number): NixExpression {
    const cursor = this.#cursor;
    const defaults: NixExpression[] = [];
    if (cursor.name() === undefined) this.#formals(defaults);
    if (cursor.take("@") && cursor.name() === undefined) this.#formals(defaults);
    cursor.expect(":");
    return { kind: "function", at, defaults, body: this.#expression() };
  }

  #formals(defaults: NixExpression[]): void {
    const cursor = this.#cursor;
    cursor.expect("{");
    while (!cursor.take("}")) {
      if (!cursor.take("...")) {
        if (cursor.name() === undefined) throw cursor.fault("an argument is missing");
        if (cursor.take("?")) defaults.push(this.#expression());
      }
      if (!cursor.take(",") && !cursor.starts("}")) throw cursor.fault("} is missing");
    }
  }

  #let(at: number): NixExpression {
    const cursor = this.#cursor;
    cursor.take("let");
    // The form without `in`, which gives its attribute `body`.
    if (cursor.take("{")) {
      const base: NixExpression = { kind: "set", at, bindings: this.#bindings("}") };
      cursor.expect("}");
      return { kind: "select", at, base, path: [literal(at, "body")], fallback: undefined };
    }
    const bindings = this.#bindings("in");
    this.#word("in");
    return { kind: "let", at, bindings, body: this.#expression() };
  }

  #bindings(end: "}" | "in"): NixBinding[] {
    const cursor = this.#cursor;
    const bindings: NixBinding[] = [];
    while (end === "}" ? !cursor.starts("}") : cursor.word() !== "in") {
      if (cursor.keyword("inherit")) {
        const from = cursor.take("(") ? this.#expression() : undefined;
        if (from !== undefined) cursor.expect(")");
        const names: NixPart[] = [];
        while (!cursor.starts(";")) names.push(this.#part());
        bindings.push({ kind: "inherit", from, names });
      } else {
        const path = this.#path();
        cursor.expect("=");
        bindings.push({ kind: "attribute", path, value: this.#expression() });
      }
      cursor.expect(";");
    }
    return bindings;
  }

  #path(): NixPart[] {
    const parts = [this.#part()];
    while (this.#dot()) parts.push(this.#part());
    return parts;
  }

  /** Past a dot, unless a path or a number begins with it. */
  #dot(): boolean {
    const cursor = this.#cursor;
    if (!cursor.starts(".") || /[0-9]/.test(cursor.text.charAt(cursor.offset + 1))) return false;
    return cursor.peek(PATH) === undefined && cursor.peek(OPEN_PATH) === undefined && cursor.take(".");
  }

  #part(): NixPart {
    const cursor = this.#cursor;
    const at = cursor.offset;
    const name = cursor.name();
    if (name !== undefined) return literal(at, name);
    if (cursor.starts('"')) {
      const { text, inner } = readString(cursor, this.#expression);
      cursor.skip();
      return { at, text: inner.length === 0 ? text : undefined, start: text, inner };
    }
    if (!cursor.starts("${")) throw cursor.fault("an attribute is missing");
    const inner = readInterpolation(cursor, this.#expression);
    cursor.skip();
    const start = inner.kind === "string" ? inner.text : "";
    return { at, text: inner.kind === "string" && inner.inner.length === 0 ? start : undefined, start, inner: [inner] };
  }

  #word(word: string): void {
    if (!this.#cursor.keyword(word)) throw this.#cursor.fault(`${word} is missing`);
  }

  /** Operands and what stands between them. */
  #operation(at: number): NixExpression {
    const cursor = this.#cursor;
    const operators: string[] = [];
    const operands: NixExpression[] = [];
    for (;;) {
      for (let prefix = cursor.match(PREFIX); prefix !== undefined; prefix = cursor.match(PREFIX)) {
        operators.push(prefix);
        cursor.skip();
      }
      operands.push(this.#call());
      while (cursor.take("?")) {
        operators.push("?");
        this.#path();
      }
      const operator = cursor.match(OPERATOR);
      if (operator === undefined) break;
      operators.push(operator);
      cursor.skip();
    }
    const [first] = operands;
    return operators.length === 0 && first !== undefined ? first : { kind: "operation", at, operators, operands };
  }

  #call(): NixExpression {
    const head = this.#select();
    if (head === undefined) throw this.#cursor.fault("an expression is missing");
    const args: NixExpression[] = [];
    for (let arg = this.#select(); arg !== undefined; arg = this.#select()) args.push(arg);
    return args.length === 0 ? head : { kind: "call", at: head.at, head, args };
  }

  /** Undefined where nothing that can be an operand begins. */
  #select(): NixExpression | undefined {
    const cursor = this.#cursor;
    const base = this.#simple();
    if (base === undefined || !this.#dot()) return base;
    const path = this.#path();
    if (!cursor.keyword("or")) return { kind: "select", at: base.at, base, path, fallback: undefined };
    const fallback = cursor.deeper(() => this.#select());
    if (fallback === undefined) throw cursor.fault("an expression is missing after or");
    return { kind: "select", at: base.at, base, path, fallback };
  }

  #simple(): NixExpression | undefined {
    const cursor = this.#cursor;
    const at = cursor.offset;
    if (cursor.peek(OPEN_PATH) !== undefined) return this.#openPath(at);
    if (cursor.match(URI) ?? cursor.match(PATH)) return this.#constant(at);
    const name = cursor.name();
    if (name !== undefined) return { kind: "name", at, name };
    if (cursor.match(NUMBER)) return this.#constant(at);
    if (cursor.starts('"') || cursor.starts("''")) {
      const string = readString(cursor, this.#expression);
      cursor.skip();
      return string;
    }
    if (cursor.take("(")) return this.#closed(this.#expression(), ")");
    if (cursor.take("[")) return cursor.deeper(() => this.#list(at));
    if (cursor.keyword("rec")) {
      if (!cursor.starts("{")) throw cursor.fault("{ is missing");
    }
    if (cursor.word() === "let") return this.#let(at);
    if (!cursor.take("{")) return undefined;
    return this.#closed({ kind: "set", at, bindings: this.#bindings("}") }, "}");
  }

  #closed(expression: NixExpression, token: string): NixExpression {
    this.#cursor.expect(token);
    return expression;
  }

  #list(at: number): NixExpression {
    const items: NixExpression[] = [];
    for (let item = this.#select(); item !== undefined; item = this.#select()) items.push(item);
    return this.#closed({ kind: "list", at, items }, "]");
  }

  #constant(at: number): NixExpression {
    this.#cursor.skip();
    return { kind: "constant", at, inner: [] };
  }

  #openPath(at: number): NixExpression {
    const cursor = this.#cursor;
    const inner: NixExpression[] = [];
    cursor.match(OPEN_PATH);
    while (cursor.starts("${")) {
      inner.push(readInterpolation(cursor, this.#expression));
      cursor.match(PATH_REST);
    }
    cursor.skip();
    return { kind: "constant", at, inner };
  }
}

function literal(at: number, text: string): NixPart {
  return { at, text, start: text, inner: [] };
}
