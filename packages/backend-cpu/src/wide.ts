// V8 can pack two neighbouring vectors of 128 bits into one of 256, behind an experimental flag. The flag is one for the process, in
// all threads. It is read when a function is optimized, some milliseconds after its first calls, so it is set before any kernel is
// compiled, and stays set. Code that was compiled before stays as it is.

const FLAG = "experimental-wasm-revectorize";
/** V8 12.4 (Node 22) knows the flag, but does not pack the sums of a loop; 13.6 (Node 24) does. Minor versions have one digit. */
const FIRST = 13.6;

interface V8 {
  setFlagsFromString(flag: string): void;
}

/** The settings of the engine, if it is a V8 that can pack vectors. It would print a line about a flag that it does not know. */
function packingEngine(): V8 | undefined {
  const { process } = globalThis as {
    process?: { getBuiltinModule?(name: "node:v8"): V8; readonly versions?: Readonly<Record<string, string>> };
  };
  const { v8 = "", bun } = process?.versions ?? {};
  return bun === undefined && parseFloat(v8) >= FIRST ? process?.getBuiltinModule?.("node:v8") : undefined;
}

/** Whether the engine can be asked to pack vectors. */
export const canAskToPack = (): boolean => packingEngine() !== undefined;

/** Lets the engine pack vectors, or no longer. */
export const setPacking = (isOn: boolean): void => packingEngine()?.setFlagsFromString(`--${isOn ? "" : "no-"}${FLAG}`);
