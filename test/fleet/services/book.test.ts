import assert from "node:assert/strict";
import { test } from "node:test";
import { SecretsError } from "../../../src/errors.ts";
import { mergeBook } from "../../../src/fleet/services/book.ts";
import type { Service } from "../../../src/fleet/services/service.ts";
import { one } from "./definitions.ts";

const ofFlake = (service: Service, more: Partial<Service> = {}): Service => ({
  ...service,
  origin: { kind: "flake" },
  maker: { kind: "built-script" },
  ...more,
});

test("both sources are one book, by address, and it says why clan's services are not in it", async () => {
  const file = await one("machines: [web01]\nkind: random\n");
  const other = ofFlake(file, { name: "a", address: "vars/web01/a" });
  const { services, withoutFlake } = mergeBook([file], { services: [other], without: "because" });
  assert.deepEqual(
    services.map(({ address }) => address),
    ["vars/web01/a", "vars/web01/x"],
  );
  assert.equal(withoutFlake, "because");
});

test("the same service in a file and in the flake is refused with both places, on whatever machines", async () => {
  const file = await one("machines: [web01]\nkind: random\n");
  const flakes = [
    ofFlake(file),
    ofFlake(file, { address: "vars/web02/x", machine: "web02", machines: ["web02"] }),
    ofFlake(file, { address: "vars/shared/x", machine: undefined }),
  ];
  for (const flake of flakes) {
    assert.throws(
      () => mergeBook([file], { services: [flake], without: undefined }),
      (error: unknown) =>
        error instanceof SecretsError &&
        error.code === "E_SERVICE_TWICE" &&
        error.location?.file === "vars/services/x.yaml" &&
        error.message ===
          `${flake.address} is defined twice: in vars/services/x.yaml and in the flake, as a generator of clan's`,
    );
  }
});
