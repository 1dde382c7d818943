/** What `renew` would do, as data: `--dry-run` prints it. Names alone, no value. */
import type { RenewTask } from "./plan-renew.ts";

export interface RenewView {
  readonly schemaVersion: 1;
  /** Why these. */
  readonly reason: string;
  readonly values: readonly RenewedView[];
  /** Every service that would run, those that are made of the new values among them. */
  readonly runs: readonly string[];
  readonly warnings: readonly string[];
}

export interface RenewedView {
  readonly address: string;
  /** `regenerate`: its service makes it; `ask`: its service asks for something first; `by hand`: it goes on a list. */
  readonly how: "regenerate" | "ask" | "by hand";
  /** The address of what makes it. */
  readonly service?: string;
  /** False: it may be another value already, and no key here tells. */
  readonly proved: boolean;
}

export function viewRenew({ chosen, values, generate }: RenewTask): RenewView {
  return {
    schemaVersion: 1,
    reason: chosen.reason,
    values: values.map(({ value, how, service }) => ({
      address: value.address,
      how,
      ...(service === undefined ? {} : { service }),
      proved: value.proved,
    })),
    runs: (generate?.chosen.runs ?? []).map(({ service }) => service.address),
    warnings: chosen.warnings,
  };
}
