/** The one place that knows which store serves which format. */
import type { Format, Store } from "./store.ts";
import { binaryStore } from "./stores/binary.ts";
import { dotenvStore } from "./stores/dotenv.ts";
import { iniStore } from "./stores/ini.ts";
import { jsonStore } from "./stores/json.ts";
import { yamlStore } from "./stores/yaml.ts";

const STORES: Readonly<Record<Format, Store>> = {
  yaml: yamlStore,
  json: jsonStore,
  dotenv: dotenvStore,
  ini: iniStore,
  binary: binaryStore,
};

export function storeFor(format: Format): Store {
  return STORES[format];
}
