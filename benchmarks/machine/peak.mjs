// Measures the peak of 128-bit SIMD on this machine: a small WebAssembly module, written here byte by byte, that only multiplies
// and adds in registers, or only copies. Other figures are given relative to it.
import { availableParallelism } from "node:os";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";

/** Number of independent accumulators: enough to hide the latency, few enough for 16 registers with a constant. */
const CHAINS = 12;
const LANES = 4;
const ROUNDS = 100_000;
const WARM = 20;
/** Bytes to copy: as many as the activations of the measured layers have, more than most level 2 caches. */
const COPIED = 4 * 2 ** 20;

const [I32, F32, V128] = [0x7f, 0x7d, 0x7b];
const [TYPES, FUNCTIONS, MEMORY, EXPORTS, CODE] = [1, 3, 5, 7, 10];
/** A number below 2²⁸ as LEB128, seven bits to a byte. */
const unsigned = (n) => (n < 128 ? [n] : [(n & 127) | 128, ...unsigned(n >>> 7)]);
const vector = (items) => [...unsigned(items.length), ...items.flat()];
const section = (id, bytes) => [id, ...unsigned(bytes.length), ...bytes];
const text = (s) => vector([...s].map((c) => [c.charCodeAt(0)]));

const get = (local) => [0x20, local];
const set = (local) => [0x21, local];
const int = (n) => [0x41, ...signed(n)];
/** A number from −2²⁷ to 2²⁷ − 1 as signed LEB128. */
const signed = (n) => (n >= -64 && n < 64 ? [n & 127] : [(n & 127) | 128, ...signed(n >> 7)]);
const simd = (code) => [0xfd, ...unsigned(code)];
const [ADD, MULTIPLY, RELAXED_MADD] = [0xe4, 0xe6, 0x105].map(simd);
const splat = (x) => [0x43, ...new Uint8Array(Float32Array.of(x).buffer), ...simd(0x13)];
const load = (offset) => [...simd(0), 4, ...unsigned(offset)];
const store = (offset) => [...simd(11), 4, ...unsigned(offset)];
/** Repeats until the counter, local 0, is 0. */
const repeat = (body, by = 1) => [0x03, 0x40, ...body, ...get(0), ...int(by), 0x6b, 0x22, 0, 0x0d, 0, 0x0b];
const code = (locals, body) => {
  const whole = [...vector(locals.map(([count, type]) => [...unsigned(count), type])), ...body, 0x0b];
  return [...unsigned(whole.length), ...whole];
};

/** As many multiplications as additions, in separate chains; or a ← a · 1 + 1 in each chain, fused. `n` times. */
function multiplyAdd(isFused) {
  const chains = Array.from({ length: CHAINS }, (_, i) => i + 1);
  const one = CHAINS + 1;
  const step = (a) => {
    if (isFused) return [...get(a), ...get(one), ...get(one), ...RELAXED_MADD, ...set(a)];
    return [...get(a), ...get(one), ...(a % 2 === 0 ? MULTIPLY : ADD), ...set(a)];
  };
  return code(
    [[CHAINS + 1, V128]],
    [
      // Numbers stay 1 or count up, far from infinity and subnormal numbers.
      ...[...splat(1), ...set(one)],
      ...chains.flatMap((a) => [...splat(1), ...set(a)]),
      ...repeat(chains.flatMap(step)),
      // Returning the sum prevents the engine from removing the work.
      ...get(1),
      ...chains.slice(1).flatMap((a) => [...get(a), ...ADD]),
      ...simd(0x1f),
      0,
    ],
  );
}

/** Copies `n` bytes, 128 at a time, from the first half of the memory to the second. */
const copy = () =>
  code(
    [[1, I32]],
    [
      ...repeat(
        [
          ...Array.from({ length: 8 }, (_, i) => [
            ...get(1),
            ...get(1),
            ...load(16 * i),
            ...store(COPIED + 16 * i),
          ]).flat(),
          ...[...get(1), ...int(128), 0x6a, ...set(1)],
        ],
        128,
      ),
      ...[0x43, 0, 0, 0, 0],
    ],
  );

const moduleOf = (body) =>
  Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(TYPES, vector([[0x60, ...vector([[I32]]), ...vector([[F32]])]])),
    ...section(FUNCTIONS, vector([[0]])),
    ...section(MEMORY, vector([[0, ...unsigned((2 * COPIED) / 65536)]])),
    ...section(EXPORTS, vector([[...text("run"), 0, 0]])),
    ...section(CODE, vector([body])),
  ]);

/** Calls a module for some time. Returns the best rate in units per second, and the share of it that all calls reached. */
function rateOf(bytes, argument, units, seconds) {
  if (!WebAssembly.validate(bytes)) return { best: undefined };
  const { run } = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports;
  // The first calls run code of the baseline compiler.
  for (let i = 0; i < WARM; i++) run(argument);
  let [best, calls] = [Infinity, 0];
  const start = performance.now();
  let began = start;
  for (const end = start + 1000 * seconds; began < end; calls++) {
    run(argument);
    const now = performance.now();
    best = Math.min(best, now - began);
    began = now;
  }
  return { best: (1000 * units) / best, steady: (best * calls) / (began - start) };
}

function here(seconds) {
  const flop = LANES * CHAINS * ROUNDS;
  const plain = rateOf(moduleOf(multiplyAdd(false)), ROUNDS, flop, seconds);
  return {
    multiplyAdd: plain.best,
    steady: plain.steady,
    fused: rateOf(moduleOf(multiplyAdd(true)), ROUNDS, 2 * flop, seconds).best,
    copy: rateOf(moduleOf(copy()), COPIED, 2 * COPIED, seconds).best,
  };
}

/**
 * Measures the peak of `threads` threads together: FLOP/s by multiplying and adding and by fused multiply-add (undefined if
 * the engine has no relaxed SIMD), bytes read and written per second by copying, and `steady`: the average share of the
 * first, which is smaller if other programs use the machine.
 */
export async function peak({ threads = 1, seconds = 0.05 } = {}) {
  if (threads === 1) return here(seconds);
  const all = await Promise.all(
    Array.from(
      { length: Math.min(threads, availableParallelism()) },
      () =>
        new Promise((resolve, reject) => {
          // Long enough for all threads to overlap.
          const worker = new Worker(new URL(import.meta.url), { workerData: { seconds: seconds + 0.1 } });
          worker.once("message", resolve);
          worker.once("error", reject);
        }),
    ),
  );
  const sum = (name) => all.reduce((total, each) => total + each[name], 0) || undefined;
  const steady = sum("steady") / all.length;
  return { multiplyAdd: sum("multiplyAdd"), steady, fused: sum("fused"), copy: sum("copy") };
}

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- messages between threads have no origin
if (!isMainThread && workerData?.seconds !== undefined) parentPort.postMessage(here(workerData.seconds));
