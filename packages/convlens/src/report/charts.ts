/** A line of a chart. */
export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
  /** Points are marked, for the few; or not, for the many. */
  readonly marks?: boolean;
}

const WIDTH = 640;
const HEIGHT = 260;
const LEFT = 52;
const BOTTOM = 34;
const TOP = 12;

/** Numbers at equal, round distances that cover a range. */
function ticks(low: number, high: number, count = 5): number[] {
  const rough = (high - low) / count || 1;
  const unit = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((n) => n * unit).find((size) => size >= rough)!;
  const found: number[] = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++)
    found.push(+(i * step).toPrecision(12));
  return found;
}

const short = (x: number): string => (Math.abs(x) >= 1000 ? `${+(x / 1000).toPrecision(3)}k` : `${+x.toPrecision(3)}`);

/** A line chart as SVG. Lines differ in dashes and marks as well as in colour. */
export function lineChart(
  title: string,
  xLabel: string,
  series: readonly Series[],
  { low, high }: { readonly low?: number; readonly high?: number } = {},
): string {
  const all = series.flatMap(({ points }) => points);
  if (all.length === 0) return "";
  const xs = all.map(([x]) => x);
  const ys = all.map(([, y]) => y).filter(Number.isFinite);
  const [x0, x1] = [Math.min(0, ...xs), Math.max(...xs, 1)];
  const [y0, y1] = [low ?? Math.min(...ys), high ?? Math.max(...ys)];
  const px = (x: number): number => +(LEFT + ((x - x0) / (x1 - x0)) * (WIDTH - LEFT - 12)).toFixed(1);
  const py = (y: number): number =>
    +(HEIGHT - BOTTOM - ((Math.min(y1, Math.max(y0, y)) - y0) / (y1 - y0 || 1)) * (HEIGHT - BOTTOM - TOP)).toFixed(1);
  const grid = [
    ...ticks(y0, y1).map(
      (y) =>
        `<line class="grid" x1="${LEFT}" x2="${WIDTH - 12}" y1="${py(y)}" y2="${py(y)}"/><text x="${LEFT - 6}" y="${py(y) + 4}" text-anchor="end">${short(y)}</text>`,
    ),
    ...ticks(x0, x1, 7).map(
      (x) => `<text x="${px(x)}" y="${HEIGHT - BOTTOM + 18}" text-anchor="middle">${short(x)}</text>`,
    ),
    `<text x="${WIDTH - 12}" y="${HEIGHT - 2}" text-anchor="end">${xLabel}</text>`,
  ];
  const lines = series.map(({ points, marks }, i) => {
    const path = points.map(([x, y]) => `${px(x)},${py(y)}`).join(" ");
    const circles = marks
      ? points
          .map(
            ([x, y]) =>
              `<circle class="mark s${i}" cx="${px(x)}" cy="${py(y)}" r="4"><title>${short(y)}</title></circle>`,
          )
          .join("")
      : "";
    return `<polyline class="line s${i}" points="${path}"/>${circles}`;
  });
  const legend = series.map(({ name }, i) => `<span class="key s${i}">${name}</span>`).join(" ");
  const last = series.map(({ name, points }) => `${name} ends at ${short(points.at(-1)?.[1] ?? NaN)}`).join(", ");
  return `<figure><figcaption>${title} <span class="legend">${legend}</span></figcaption><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${title}: ${last}">${grid.join("")}${lines.join("")}</svg></figure>`;
}

/** The mean of each stretch of numbers, so that no more than `most` are left. */
export function thinned(
  points: readonly (readonly [x: number, y: number])[],
  most = 300,
): (readonly [x: number, y: number])[] {
  const stretch = Math.max(1, Math.ceil(points.length / most));
  const found: (readonly [number, number])[] = [];
  for (let i = 0; i < points.length; i += stretch) {
    const part = points.slice(i, i + stretch);
    found.push([part.at(-1)![0], part.reduce((sum, [, y]) => sum + y, 0) / part.length]);
  }
  return found;
}
