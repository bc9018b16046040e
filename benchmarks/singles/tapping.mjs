// What it costs to look inside while a net answers, as shares of what the answer itself costs: LeNet-5 and a batch of 64. CPU time
// of the process, in turns, so that others on the machine change little; what they do change is only ever more, so that of all
// rounds the best quarter counts.
import { recordModel, retain, tap } from "@convlens/analysis";
import { cpu } from "@convlens/backend-cpu";
import { apply, build } from "@convlens/layers";
import { lenet5 } from "@convlens/layers/models";
import { broadcastTo, compile, normal, tensor, useBackend, Variable } from "@convlens/tensor";

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
// What bounds `kept`: as many numbers as convolutions make before relu are written, all of them the same, and nothing is read.
const convolved = recordModel(net, x).layers.filter(({ type }) => type === "Conv2d");
const memory = convolved.map(({ output }) => new Variable(() => new Float32Array(output.size), output.shape));
const written = compile((inputs, number) => {
  for (const variable of memory) variable.assign(broadcastTo(number, variable.shape));
  return apply(net, inputs);
});
// What bounds `all`: its copies alone, into new arrays, as those who keep results need them, and into arrays that are there.
const results = [...new Set([...(await all(x)).layers.values()].map(({ values }) => values))];
const places = results.map((values) => values.slice());
// In turns with those that leave as much to be collected: new arrays are collected while another has its turn.
const groups = [
  {
    answer: () => answer(x),
    kept: () => kept(x),
    written: () => written(x, 1),
    few: () => few(x),
    again: () => places.forEach((place, i) => place.set(results[i])),
  },
  { one: () => one(x), read: async () => (await read(x)).read("layers.4") },
  { all: () => all(x), fresh: () => results.map((values) => values.slice()) },
];
const times = Object.fromEntries(groups.flatMap((ways) => Object.keys(ways).map((name) => [name, []])));
for (const ways of groups)
  for (let round = 0; round < rounds; round++)
    for (const [name, call] of Object.entries(ways)) {
      // Caches hold what the one before has left.
      await call();
      const before = process.cpuUsage();
      for (let i = 0; i < CALLS; i++) await call();
      const { user, system } = process.cpuUsage(before);
      // The first rounds compile.
      if (round >= rounds / 4) times[name].push((user + system) / CALLS);
    }
const quarter = (name) => times[name].toSorted((a, b) => a - b)[times[name].length >> 2];
const own = quarter("answer");
const more = (name) => quarter(name) / own - 1;
console.log(
  JSON.stringify({
    answer: own / 1e6,
    ...Object.fromEntries(["one", "all", "kept", "written", "few", "read"].map((name) => [name, more(name)])),
    ...Object.fromEntries(["fresh", "again"].map((name) => [name, quarter(name) / own])),
  }),
);
process.exit();
