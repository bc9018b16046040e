import { histogram, modularGraph, operationGraph, trace, volumeTable } from "@convlens/analysis";
import { paintImage, scaleOf } from "@convlens/analysis/render";
import { reference } from "@convlens/backend-reference";
import { Conv2d, Dense, Flatten, type Layer, type Mode } from "@convlens/layers";
import { useBackend, zeros, type Tensor } from "@convlens/tensor";
import fc from "fast-check";
import { beforeAll, expect, it } from "vitest";
import {
  drawBars,
  drawBoxes,
  drawHistogram,
  drawLegend,
  drawLineChart,
  drawModules,
  drawOperations,
  drawPoints,
  drawTrace,
  drawVolumes,
} from "./svgs.ts";

beforeAll(() => useBackend(reference()));

/** A net with a field of the given name. */
class Named implements Layer {
  readonly [name: string]: Layer | ((x: Tensor, mode?: Mode) => Tensor);
  constructor(name: string) {
    Object.assign(this, {
      [`${name}.`]: new Conv2d({ filters: 1, kernelSize: 2 }),
      flat: new Flatten(),
      head: new Dense({ units: 2 }),
    });
  }
  call(x: Tensor, mode?: Mode): Tensor {
    return Object.values<Layer>({ ...this }).reduce((y, layer) => layer.call(y, mode), x);
  }
}

/** Tags with attributes in double quotes, and texts without angle brackets or characters that XML does not allow. */
const isClean = (svg: string): boolean =>
  /^[^<>]*$/.test(
    svg
      .replaceAll(/<style>[^<]*<\/style>/g, "")
      .replaceAll(
        /<(\/?)(svg|g|rect|circle|ellipse|line|path|polyline|text|title|image)((?: (?!on)[a-zA-Z0-9:-]+="[^"<>]*")*)\/?>/g,
        "",
      ),
  ) &&
  // oxlint-disable-next-line no-control-regex
  !/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/.test(svg);

it("every drawing escapes names", async () => {
  const hostile = `"'></title></text><script>alert(1)</script> onload="x" <!--\u0000&lt;`;
  const names = fc.oneof(
    fc.constant(hostile),
    fc.string({ unit: "binary", maxLength: 12 }),
    fc.string({ maxLength: 12 }),
  );
  await fc.assert(
    fc.asyncProperty(names, async (name) => {
      const options = { title: name };
      const net = new Named(name);
      const image = paintImage({ shape: [4, 4, 1], values: new Float32Array(16) });
      const drawings = [
        drawBars([{ name, value: 1, text: name }], options),
        drawBoxes(
          image,
          [
            {
              box: [
                [0, 1],
                [0, 1],
              ],
              name,
            },
            {
              box: [
                [0, 1],
                [0, 1],
              ],
              name,
            },
          ],
          options,
        ),
        drawHistogram(histogram([0, 1, 2], { bins: 3 }), options),
        drawLegend(scaleOf([[0, 1]]), options),
        drawLineChart(
          [
            {
              name,
              points: [
                [0, 1],
                [1, 2],
              ],
              marks: true,
            },
          ],
          { ...options, xLabel: name },
        ),
        drawModules(modularGraph(net, [4, 4, 1]), options),
        drawModules(modularGraph(net, [4, 4, 1])),
        drawOperations(operationGraph(net, [4, 4, 1], "layers")),
        drawOperations(operationGraph(net, [4, 4, 1], "layers"), options),
        drawPoints([{ x: 0, y: 1, kind: 0, about: name, selected: true }], [name], options),
        drawTrace(await trace(net, zeros([1, 4, 4, 1]), `${name}.`, [0, 0, 0])),
        drawTrace(await trace(net, zeros([1, 4, 4, 1]), "head", [0]), options),
        drawVolumes(volumeTable(net, [4, 4, 1]), options),
        drawVolumes(volumeTable(net, [4, 4, 1])),
      ];
      for (const [i, svg] of drawings.entries()) expect(isClean(svg), `${i}: ${svg.slice(0, 300)}`).toBe(true);
    }),
    { numRuns: 40 },
  );
});
