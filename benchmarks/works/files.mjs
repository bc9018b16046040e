// A workload as a folder: its description as JSON, and each of its tensors as float32 numbers, the same for contestants in any
// language.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { valuesOf } from "./values.mjs";

/** Writes a workload into a new folder, and returns the folder. */
export function writeWork(work, parent) {
  const folder = join(parent, work.name);
  mkdirSync(folder, { recursive: true });
  for (const [name, tensor] of Object.entries(work.tensors))
    writeFileSync(join(folder, `${name}.f32`), valuesOf(name, tensor));
  writeFileSync(join(folder, "work.json"), JSON.stringify(work));
  return folder;
}

/** The numbers in a file. */
export function readNumbers(file) {
  const bytes = readFileSync(file);
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

/** A workload with the values of its tensors. */
export function readWork(folder) {
  const work = JSON.parse(readFileSync(join(folder, "work.json"), "utf8"));
  for (const [name, tensor] of Object.entries(work.tensors)) tensor.values = readNumbers(join(folder, `${name}.f32`));
  return work;
}
