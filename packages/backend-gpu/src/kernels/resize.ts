import { sizeOf, type Kernel, type Operations } from "@convlens/backend";
import type { Buffer, Launcher } from "../launcher.ts";
import { places } from "./axes.ts";

/** Statements that find, for a new pixel, the old ones on either side and the `share` of the second. */
const between = (
  name: string,
  from: number,
  to: number,
): string => `const ${name}At = Math.min(${from - 1}, Math.max(0, ((${name} + 0.5) * ${from}) / ${to} - 0.5));
const ${name}0 = Math.floor(${name}At);
const ${name}1 = Math.min(${from - 1}, ${name}0 + 1);
const ${name}Share = ${name}At - ${name}0;`;

/** An image of another size; pixel centres lie at halves, and beyond the first and last centre the edge goes on. */
export const resize =
  (gpu: Launcher): Kernel<Buffer, Operations["resize"]> =>
  ({ inputs: [shape], output, attributes: { height, width, mode } }) => {
    const [n, h, w, c] = shape as readonly [number, number, number, number];
    const pixel = (y: string, x: string): string => `xs[((n * ${h} + ${y}) * ${w} + ${x}) * ${c} + channel]`;
    const start = places("this.thread.x", { n, y: height, x: width, channel: c });
    return gpu.prepare({
      name: "resize",
      inputs: { xs: sizeOf(shape!) },
      length: sizeOf(output),
      body:
        mode === "nearest"
          ? `${start}
const oldY = quotient(y * ${h}, ${height});
const oldX = quotient(x * ${w}, ${width});
return ${pixel("oldY", "oldX")};`
          : `${start}
${between("y", h, height)}
${between("x", w, width)}
const above = ${pixel("y0", "x0")} * (1 - xShare) + ${pixel("y0", "x1")} * xShare;
const below = ${pixel("y1", "x0")} * (1 - xShare) + ${pixel("y1", "x1")} * xShare;
return above * (1 - yShare) + below * yShare;`,
    });
  };
