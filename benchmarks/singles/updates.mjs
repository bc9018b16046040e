// Time of an optimizer's updates of LeNet-5's parameters, of the same numbers as one parameter, and of a whole step: CPU time of the
// process, in turns, so that other programs matter little; in µs.
import { Random } from "@convlens/backend";
import { cpu } from "@convlens/backend-cpu";
import { build, parameters } from "@convlens/layers";
import { lenet5 } from "@convlens/layers/models";
import { compile, useBackend, Variable, zeros } from "@convlens/tensor";
import { adam, crossEntropy, Trainer } from "@convlens/training";

const { rounds, options } = JSON.parse(process.argv[2]);
const CALLS = 32;

useBackend(await cpu(options));
const random = new Random(1);
const net = build(lenet5(), [28, 28, 1], { seed: 1 });
const learned = parameters(net);

/** Only the updates of parameters with these numbers of elements. */
function updatesOf(sizes) {
  const optimizer = adam();
  const all = sizes.map((size, i) => {
    const [parameter, gradient] = [1, 0.01].map((deviation) => new Variable(random.normal(size, 0, deviation), [size]));
    return { path: `${i}`, parameter, gradient };
  });
  const update = compile((learningRate) =>
    optimizer.update(all.map(({ gradient, ...each }) => ({ ...each, gradient: gradient.current, learningRate }))),
  );
  return () => update(1e-4);
}

const sizes = [...learned.values()].map(({ size }) => size);
const trainer = new Trainer(net, { loss: crossEntropy, optimizer: adam(), diagnostics: false, seed: 1 });
const batch = { inputs: zeros([1, 28, 28, 1]), targets: zeros([1]) };
const ways = {
  step: () => trainer.step(batch, { learningRate: 1e-4 }),
  apart: updatesOf(sizes),
  joined: updatesOf([sizes.reduce((sum, size) => sum + size)]),
};
const times = Object.fromEntries(Object.keys(ways).map((name) => [name, []]));
for (let round = 0; round < rounds; round++)
  for (const [name, call] of Object.entries(ways)) {
    const before = process.cpuUsage();
    for (let i = 0; i < CALLS; i++) await call();
    const { user, system } = process.cpuUsage(before);
    // Engines compile in the first rounds.
    if (round >= rounds / 4) times[name].push((user + system) / CALLS);
  }
const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1];
const medians = Object.fromEntries(Object.entries(times).map(([name, each]) => [name, median(each)]));
console.log(JSON.stringify({ parameters: sizes.length, ...medians }));
process.exit();
