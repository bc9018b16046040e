import type { Conv2dGeometry } from "@convlens/backend";
import {
  add,
  calculate4,
  divideInt,
  int,
  load4,
  multiplyInt,
  relu4,
  subtractInt,
} from "../../../assembler/expression.ts";
import type { Team } from "../../../team.ts";
import { writeProduct, type Ending } from "../../product.ts";
import type { Launch } from "../convolver.ts";
import { writeEachTile, writeLanes } from "../tiles.ts";
import { filterCode } from "./filters.ts";
import { numbersOfRow, roundUp, smaller, tilesOf, writeTransformed } from "./tilesOf.ts";
import { EDGE, inputTransform, outputTransform, PLANES, transformSquare } from "./transforms.ts";

/** The convolution, or the gradient of its input, which is one of the other way round. */
export function convolve(team: Team, g: Conv2dGeometry, direction: "forward" | "backward", ending?: Ending): Launch {
  const tiles = tilesOf(team, g, direction);
  const { from, to, across, down, block, fromPlane, toPlane } = tiles;
  const step = to.height.step;
  const filters = filterCode(team, g, direction);
  const key = `winograd ${direction} ${ending ?? ""} ${JSON.stringify([from, to])}`;
  const columns = roundUp(to.channels, 4);
  const code = team.code(
    key,
    ["x", "filters", "y", "bias", "first", "end", "outside", "mine"],
    (f, x, weights, y, bias, first, end, outside, mine) => {
      const count = f.keep("count", smaller(int(block), subtractInt(end!, first!)));
      const some = { first: first!, count };
      const images = [{ tiled: from, start: x!, outside: outside! }];
      writeTransformed(f, images, some, { planes: mine!, plane: fromPlane }, inputTransform);
      const products = f.keep("products", add(mine!, int(PLANES * fromPlane)));
      {
        const tileRows = team.machine.tile.rows;
        const rows = divideInt(add(multiplyInt(count, int(across)), int(tileRows - 1)), int(tileRows));
        const shape = {
          rows: { tiles: rows },
          rowStep: 4 * roundUp(from.channels, 4),
          resultStep: 4 * columns,
          columns,
          terms: [{ count: from.channels, step: 4 }],
        };
        const [a, b, c] = [f.keep("a", mine!), f.keep("b", weights!), f.keep("c", products)];
        f.times(PLANES, () => {
          writeProduct(f, shape, a, b, f.keep("c", c), f.local("i32", "none"));
          f.advance(a, fromPlane);
          f.advance(c, toPlane);
        });
      }
      // Rows beyond the image are written where nobody reads.
      const nowhere = f.keep("nowhere", add(products, int(PLANES * toPlane)));
      const atChannel = f.local("i32", "channel");
      const walk = { moving: [products, atChannel], onTile: ending && (() => f.set(atChannel, bias!)) };
      writeEachTile(f, [{ tiled: to, start: y!, outside: nowhere }], some, walk, ({ at, lanes }) =>
        transformSquare(
          f,
          outputTransform(step),
          EDGE,
          (row, column) => load4(products, (EDGE * row + column) * toPlane),
          (row, column, value) => {
            const pixel = at(row, column);
            if (pixel === undefined) return;
            const shifted = ending === undefined ? value : calculate4("add", value, load4(atChannel));
            writeLanes(f, pixel[0], ending === "biasRelu" ? relu4(shifted) : shifted, pixel[1], lanes);
          },
        ),
      );
    },
    block * across * PLANES * from.channels * to.channels,
  );
  const rows = g.batch * down;
  const mine = (PLANES * (fromPlane + toPlane)) / 4 + numbersOfRow(to);
  const outside = numbersOfRow(from);
  return (x, w, y, bias) => {
    const kept = team.kept.find(w, filters.key, filters.length);
    const zeros = team.scratch(outside + filters.scratch + (kept === undefined ? filters.length : 0), mine);
    const packed = zeros + 4 * outside;
    const behind = packed + 4 * filters.scratch;
    const planes = kept?.start ?? behind;
    if (kept?.isNew !== false) filters.run(w.start, packed, planes);
    team.clear(zeros, outside);
    code.each(Math.ceil(rows / block), x.start, planes, y.start, bias?.start ?? 0, [0, block], rows, zeros, [
      behind + (kept === undefined ? 4 * filters.length : 0),
      0,
      4 * mine,
    ]);
  };
}
