import type { Conv2dGeometry } from "@convlens/backend";
import { int, load4, relu4 } from "../../../assembler/expression.ts";
import { f32x4, i32 } from "../../../assembler/instructions.ts";
import type { Runtime } from "../../../runtime.ts";
import { epilogueOf, writeProduct, type Epilogue } from "../../product.ts";
import type { Launch } from "../convolver.ts";
import { writeEachTile, writeLanes } from "../tiles.ts";
import { placeOf, imageAt, writeDirectRows } from "./directSums.ts";
import { filterCode } from "./filters.ts";
import { eachFlagged, flagNumbers, Watch } from "./guard.ts";
import { numbersOfRow, roundUp, smaller, tilesOf, writeTransformed } from "./tilesOf.ts";
import { EDGE, inputTransform, outputTransform, PLANES, transformSquare } from "./transforms.ts";

/** The convolution, or the gradient of its input, which is one of the other way round. */
export function convolve(
  runtime: Runtime,
  g: Conv2dGeometry,
  direction: "forward" | "backward",
  epilogue?: Epilogue,
): Launch {
  const tiles = tilesOf(runtime, g, direction);
  const { from, to, across, down, block, fromPlane, toPlane } = tiles;
  const step = to.height.step;
  const filters = filterCode(runtime, g, direction);
  const key = `winograd ${direction} ${epilogue ?? ""} ${JSON.stringify([from, to])}`;
  const columns = roundUp(to.channels, 4);
  const before = { height: g.height.before, width: g.width.before };
  const sums = { from, to, taps: g.height.window, direction, before, ...epilogueOf(epilogue) };
  const code = runtime.code(
    key,
    ["x", "filters", "y", "bias", "first", "end", "outside", "mine", "given"],
    (f, x, weights, y, bias, first, end, outside, mine, given) => {
      const count = f.keep("count", smaller(int(block), i32.sub(end, first)));
      const some = { first: first, count };
      const images = [{ tiled: from, start: x, outside: outside }];
      writeTransformed(f, images, some, { planes: mine, plane: fromPlane }, inputTransform);
      const products = f.keep("products", i32.add(mine, int(PLANES * fromPlane)));
      {
        const tileRows = runtime.machine.tile.rows;
        const rows = i32.div_u(i32.add(i32.mul(count, int(across)), int(tileRows - 1)), int(tileRows));
        const shape = {
          rows: { tiles: rows },
          rowStep: 4 * roundUp(from.channels, 4),
          resultStep: 4 * columns,
          columns,
          terms: [{ count: from.channels, step: 4 }],
        };
        const [a, b, c] = [f.keep("a", mine), f.keep("b", weights), f.keep("c", products)];
        f.times(PLANES, () => {
          writeProduct(f, shape, a, b, f.keep("c", c), f.local("i32", "none"));
          f.advance(a, fromPlane);
          f.advance(c, toPlane);
        });
      }
      // Rows beyond the image are written where nobody reads.
      const nowhere = f.keep("nowhere", i32.add(products, int(PLANES * toPlane)));
      const atChannel = f.local("i32", "channel");
      const flags = f.keep("flags", i32.add(nowhere, int(4 * numbersOfRow(to))));
      const [watch, flag] = [new Watch(f), f.keep("flag", flags)];
      const walk = {
        moving: [products, atChannel],
        onTile: epilogue && (() => f.set(atChannel, bias)),
        afterRow: () => watch.store(flag),
      };
      writeEachTile(f, [{ tiled: to, start: y, outside: nowhere }], some, walk, ({ at, lanes }) => {
        transformSquare(
          f,
          outputTransform(step),
          EDGE,
          (row, column) => load4(products, (EDGE * row + column) * toPlane),
          (row, column, value) => {
            const pixel = at(row, column);
            // The corners of a tile count all of its products.
            const isCorner = [row, column].every((i) => i === 0 || i === step - 1);
            const result = isCorner ? watch.see(value) : value;
            if (pixel === undefined) return;
            const shifted = epilogue === undefined ? result : f32x4.add(result, load4(atChannel));
            writeLanes(f, pixel[0], epilogue === "biasRelu" ? relu4(shifted) : shifted, pixel[1], lanes);
          },
        );
        watch.look();
      });
      eachFlagged(f, flags, some, (row) =>
        f.call("repair", [x, given, y, bias, outside, row], (f, x, filters, y, bias, zeros, row) => {
          const at = placeOf(f, row, down);
          const top = f.keep("top", i32.mul(at.row, int(step)));
          const source = f.keep("source", imageAt(x, at.image, from));
          const result = f.keep("result", imageAt(y, at.image, to));
          writeDirectRows(
            f,
            sums,
            { top, count: step },
            { source, result, filters: filters, bias: bias, zeros: zeros },
          );
        }),
      );
    },
    block * across * PLANES * from.channels * to.channels,
  );
  const rows = g.batch * down;
  const mine = (PLANES * (fromPlane + toPlane)) / 4 + numbersOfRow(to) + flagNumbers(block);
  const outside = numbersOfRow(from);
  return (x, w, y, bias) => {
    const prepared = runtime.preparedWeights.find(w, filters.key, filters.length);
    const zeros = runtime.scratch(outside + filters.scratch + (prepared === undefined ? filters.length : 0), mine);
    const packed = zeros + 4 * outside;
    const behind = packed + 4 * filters.scratch;
    const planes = prepared?.start ?? behind;
    if (prepared?.isNew !== false) filters.run(w.start, packed, planes);
    runtime.clear(zeros, outside);
    code.callMany(
      Math.ceil(rows / block),
      x.start,
      planes,
      y.start,
      bias?.start ?? 0,
      [0, block],
      rows,
      zeros,
      [behind + (prepared === undefined ? 4 * filters.length : 0), 0, 4 * mine],
      w.start,
    );
  };
}
