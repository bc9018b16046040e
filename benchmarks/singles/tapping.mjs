// Cost of keeping activations, relative to a prediction: LeNet-5 and a batch of 64. CPU time of the process, in turns, so that other
// programs matter little. They only ever add time, so the best quarter of the rounds counts.
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
// What is in memory anyway: outputs of activation functions, which the cpu computes together with the layer before.
const settled = [1, 2, 4, 5, 8, 10, 11].map((i) => `layers.${i}`);
const [one, all] = [tap(net, ["layers.4"]), tap(net)];
const [kept, few, read] = [retain(net), retain(net, settled), retain(net, settled)];
// Bound of `kept`: writes as many numbers as convolutions have before relu, all the same, and reads nothing.
const convolved = recordModel(net, x).layers.filter(({ type }) => type === "Conv2d");
const memory = convolved.map(({ output }) => new Variable(() => new Float32Array(output.size), output.shape));
const written = compile((inputs, number) => {
  for (const variable of memory) variable.assign(broadcastTo(number, variable.shape));
  return apply(net, inputs);
});
// Bound of `all`: its copies alone, into new arrays and into existing ones.
const results = [...new Set([...(await all(x)).layers.values()].map(({ values }) => values))];
const places = results.map((values) => values.slice());
// In turns with those that leave as much garbage, which is collected in the turn of another.
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
      // Fills the caches.
      await call();
      const before = process.cpuUsage();
      for (let i = 0; i < CALLS; i++) await call();
      const { user, system } = process.cpuUsage(before);
      // Engines compile in the first rounds.
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
