import assert from "node:assert/strict";
import { test } from "node:test";
import { subjectName } from "../../../../src/actions/service/make/subject-names.ts";

const NAMES: readonly (readonly [text: string, shown: string | undefined])[] = [
  ["web01", "dns web01"],
  ["web01.example.org", "dns web01.example.org"],
  ["*.example.org", "dns *.example.org"],
  ["_service.example.org", "dns _service.example.org"],
  ["m\u00fcnchen.example", "dns xn--mnchen-3ya.example"],
  ["*.m\u00fcnchen.example", "dns *.xn--mnchen-3ya.example"],
  ["192.0.2.1", "ip 192.0.2.1"],
  ["2001:db8::1", "ip 2001:db8::1"],
  ["fe80::1%eth0", undefined],
  ["", undefined],
  ["*", undefined],
  ["a.*.example", undefined],
  ["a..example", undefined],
  ["example.org.", undefined],
  ["-a.example", undefined],
  ["a-.example", undefined],
  ["a b", undefined],
  ["a\nb", undefined],
  ["a/b", undefined],
  ["https://example.org", undefined],
  ["ada@example.org", undefined],
  [`${"a".repeat(64)}.example`, undefined],
  [Array.from({ length: 64 }, () => "abcd").join("."), undefined],
];

for (const [text, shown] of NAMES) {
  test(`${JSON.stringify(text.slice(0, 40))} is ${shown ?? "no name for a certificate"}`, () => {
    const name = subjectName(text);
    assert.equal(name && `${name.type} ${name.value}`, shown);
  });
}
