/** Random bytes of the system's generator, drawn ahead: for sixteen of them the call costs more than the bytes. */
import { randomFillSync } from "node:crypto";

const drawn = Buffer.alloc(1024);
let used = drawn.length;

/** `length` bytes that nobody else gets, in an array of its own; at most 1024. Nothing of them stays behind. */
export function drawBytes(length: number): Uint8Array {
  if (used + length > drawn.length) {
    randomFillSync(drawn);
    used = 0;
  }
  const bytes = Uint8Array.from(drawn.subarray(used, used + length));
  drawn.fill(0, used, used + length);
  used += length;
  return bytes;
}
