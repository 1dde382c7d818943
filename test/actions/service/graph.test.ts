import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { readGraph, soundGraph, withDependents } from "../../../src/actions/service/graph.ts";
import { SecretsError } from "../../../src/errors.ts";
import type { Service } from "../../../src/fleet/services/service.ts";
import { aService } from "./some-services.ts";

const addresses = (services: Iterable<Service>) => [...services].map(({ address }) => address);

function faultsOf(...services: readonly Service[]): readonly string[] {
  return readGraph(services).faults.map(({ code, message }) => `${code} ${message}`);
}

test("a name means the service of the same machine, and otherwise the shared one", () => {
  const graph = soundGraph([
    aService("vars/web01/tls", { dependencies: ["ca"] }),
    aService("vars/web02/tls", { dependencies: ["ca"] }),
    aService("vars/web01/ca"),
    aService("vars/shared/ca"),
  ]);
  assert.deepEqual(addresses(graph.dependencies.get("vars/web01/tls") ?? []), ["vars/web01/ca"]);
  assert.deepEqual(addresses(graph.dependencies.get("vars/web02/tls") ?? []), ["vars/shared/ca"]);
  assert.deepEqual(addresses(graph.dependents.get("vars/shared/ca") ?? []), ["vars/web02/tls"]);
});

test("each comes after what it reads, whatever the order of the input", () => {
  const services = [
    aService("vars/web01/a", { dependencies: ["b"] }),
    aService("vars/web01/b", { dependencies: ["c"] }),
    aService("vars/shared/c"),
    aService("vars/web01/d"),
  ];
  const order = ["vars/shared/c", "vars/web01/d", "vars/web01/b", "vars/web01/a"];
  fc.assert(
    fc.property(fc.shuffledSubarray(services, { minLength: 4 }), (shuffled) => {
      assert.deepEqual(addresses(soundGraph(shuffled).services.values()), order);
    }),
  );
});

test("the same graph for acyclic services of any shape: every dependency comes first", () => {
  const shape = fc.array(fc.array(fc.nat(), { maxLength: 4 }), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(shape, (edges) => {
      const services = edges.map((to, i) => {
        const names = i === 0 ? [] : [...new Set(to.map((n) => `s${n % i}`))];
        return aService(`vars/shared/s${i}`, { dependencies: names.sort() });
      });
      const graph = soundGraph(services);
      const order = addresses(graph.services.values());
      assert.equal(order.length, services.length);
      for (const [address, dependencies] of graph.dependencies) {
        for (const one of dependencies) assert.ok(order.indexOf(one.address) < order.indexOf(address));
      }
    }),
  );
});

test("a dependency that is not there, that another machine has, or that is the service itself", () => {
  assert.deepEqual(faultsOf(aService("vars/web01/tls", { dependencies: ["cb"] }), aService("vars/shared/ca")), [
    "E_SERVICE_DEPENDENCY vars/web01/tls depends on cb, and there is no service on web01 and no shared one of that name",
  ]);
  const { faults } = readGraph([aService("vars/web01/tls", { dependencies: ["cb"] }), aService("vars/shared/cba")]);
  assert.equal(faults[0]?.hint, "did you mean cba?");
  const place = { file: "vars/services/tls.yaml", line: 1, keyPath: ["dependencies", "cb"] };
  assert.deepEqual(faults[0]?.location, place);
  assert.deepEqual(faultsOf(aService("vars/shared/ca", { dependencies: ["host"] }), aService("vars/web01/host")), [
    "E_SERVICE_DEPENDENCY vars/shared/ca is shared and depends on host, which each machine has its own of",
  ]);
  assert.deepEqual(faultsOf(aService("vars/shared/ca", { dependencies: ["ca"] })), [
    "E_SERVICE_CYCLE these services depend on each other in a cycle: vars/shared/ca → vars/shared/ca",
  ]);
});

test("a cycle is told as its path, without what merely waits for it", () => {
  const faults = faultsOf(
    aService("vars/shared/a", { dependencies: ["b"] }),
    aService("vars/shared/b", { dependencies: ["c"] }),
    aService("vars/shared/c", { dependencies: ["d"] }),
    aService("vars/shared/d", { dependencies: ["b"] }),
  );
  assert.deepEqual(faults, [
    "E_SERVICE_CYCLE these services depend on each other in a cycle: vars/shared/b → vars/shared/c → vars/shared/d → vars/shared/b",
  ]);
});

test("of a cycle that nobody could read the beginning is told", () => {
  const named = (i: number) => `s${String(i % 20_000).padStart(5, "0")}`;
  const ring = Array.from({ length: 20_000 }, (_, i) =>
    aService(`vars/shared/${named(i)}`, { dependencies: [named(i + 1)] }),
  );
  const [message = ""] = faultsOf(...ring);
  assert.match(message, /cycle: vars\/shared\/s00000 → .* → … 19988 more … → vars\/shared\/s00000$/);
  assert.equal(message.split(" → ").length, 14);
});

test("a long chain has the order in which it can be made", () => {
  const chain = Array.from({ length: 20_000 }, (_, i) =>
    aService(`vars/shared/s${i}`, { dependencies: i < 19_999 ? [`s${i + 1}`] : [] }),
  );
  const { services } = soundGraph(chain);
  assert.deepEqual([...services.keys()], chain.map(({ address }) => address).reverse());
});

test("several faults are told together", () => {
  const services = [
    aService("vars/web01/a", { dependencies: ["x"] }),
    aService("vars/web01/b", { dependencies: ["y"] }),
  ];
  assert.throws(
    () => soundGraph(services),
    (error: unknown) => error instanceof SecretsError && /vars\/web01\/b depends on y/.test(error.hint ?? ""),
  );
});

test("dependents are followed to the end, each once", () => {
  const graph = soundGraph([
    aService("vars/shared/root"),
    aService("vars/web01/left", { dependencies: ["root"] }),
    aService("vars/web01/right", { dependencies: ["root"] }),
    aService("vars/web01/top", { dependencies: ["left", "right"] }),
    aService("vars/web01/other"),
  ]);
  const root = graph.services.get("vars/shared/root");
  assert.ok(root);
  assert.deepEqual(addresses(withDependents(graph, [root])), [
    "vars/shared/root",
    "vars/web01/left",
    "vars/web01/right",
    "vars/web01/top",
  ]);
});
