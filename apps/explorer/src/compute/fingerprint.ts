import type { StoredTensor } from "@convlens/layers";

const START = 0x811c9dc5;
const PRIME = 0x01000193;

/** Eight hexadecimal digits of a hash of a net's weights (FNV-1a), which differ if a single bit differs, but for one case in 2³². */
export function fingerprint(weights: ReadonlyMap<string, StoredTensor>): string {
  let hash = START;
  for (const { values } of weights.values())
    for (const byte of new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
      hash = Math.imul(hash ^ byte, PRIME);
  return (hash >>> 0).toString(16).padStart(8, "0");
}
