// What it costs to look inside while a net answers, as shares of what the answer itself costs: LeNet-5 and a batch of 64. CPU time
// of the process, in turns, so that others on the machine change little.
import { retain, tap } from "@convlens/analysis";
import { cpu } from "@convlens/backend-cpu";
import { apply, build } from "@convlens/layers";
import { lenet5 } from "@convlens/layers/models";
import { compile, normal, tensor, useBackend } from "@convlens/tensor";

const { rounds, options } = JSON.parse(process.argv[2]);
const CALLS = 8;

useBackend(await cpu(options));
const net = build(lenet5(), [28, 28, 1]);
const images = normal([64, 28, 28, 1]);
const x = tensor(await images.data(), images.shape);
const answer = compile((inputs) => apply(net, inputs));
// What stands in memory anyway: what is behind an activation function, which the cpu computes with the layer before it.
const settled = [1, 2, 4, 5, 8, 10, 11].map((i) => `layers.${i}`);
const [one, all] = [tap(net, ["layers.4"]), tap(net)];
const [kept, few, read] = [retain(net), retain(net, settled), retain(net, settled)];
const ways = {
  answer: () => answer(x),
  one: () => one(x),
  all: () => all(x),
  kept: () => kept(x),
  few: () => few(x),
  read: async () => (await read(x)).read("layers.4"),
};
const times = Object.fromEntries(Object.keys(ways).map((name) => [name, []]));
for (let round = 0; round < rounds; round++)
  for (const [name, call] of Object.entries(ways)) {
    const before = process.cpuUsage();
    for (let i = 0; i < CALLS; i++) await call();
    const { user, system } = process.cpuUsage(before);
    // The first rounds compile.
    if (round >= rounds / 4) times[name].push((user + system) / CALLS);
  }
const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1];
const own = median(times.answer);
const share = (name) => median(times[name]) / own - 1;
console.log(
  JSON.stringify({
    answer: own / 1e6,
    one: share("one"),
    all: share("all"),
    kept: share("kept"),
    few: share("few"),
    read: share("read"),
  }),
);
process.exit();
