// A plot with a row for each workload and a mark for each contestant. Marks differ in shape and in colour; the colours (by Okabe and
// Ito, lighter on a dark background) suit colour-blind readers.

const palette = [
  ["#0072b2", "#56b4e9"],
  ["#d55e00", "#f58a4b"],
  ["#009e73", "#2fd3a5"],
  ["#8a5fbf", "#c39bf0"],
  ["#b8860b", "#f0c542"],
  ["#cc4c8f", "#f29ac6"],
  ["#444b58", "#c8ced8"],
  ["#3f7f00", "#9bd84f"],
  ["#7a4a1e", "#d6a070"],
  ["#00808a", "#5fd7df"],
];
/** Shapes around the origin. */
const shapes = [
  `<circle r="5"/>`,
  `<rect x="-4.5" y="-4.5" width="9" height="9"/>`,
  `<path d="M0-6 5.5 4.5H-5.5Z"/>`,
  `<path d="M0-6.5 5.5 0 0 6.5-5.5 0Z"/>`,
  `<path d="M0 6 5.5-4.5H-5.5Z"/>`,
  `<path d="M-1.8-6h3.6v4.2h4.2v3.6h-4.2v4.2h-3.6v-4.2h-4.2v-3.6h4.2Z"/>`,
  `<path d="M-5-5 0-2.4 5-5 2.4 0 5 5 0 2.4-5 5-2.4 0Z"/>`,
  `<path d="M-5.8 0-2.9-5h5.8L5.8 0 2.9 5h-5.8Z"/>`,
  `<path d="M0-6.3 6-1.9 3.7 5.1H-3.7L-6-1.9Z"/>`,
  `<path d="M-6-2.2h12v4.4h-12Z"/>`,
];
/** A combination of colour and shape for each contestant. */
const markOf = (i) => ({
  colour: `s${i % palette.length}`,
  shape: shapes[(i + 3 * Math.floor(i / palette.length)) % shapes.length],
});
const WIDTH = 900;
const [LEFT, RIGHT, ROW, HEADING] = [370, 110, 22, 44];
const escaped = (s) => `${s}`.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
const short = (x) => (x >= 1000 ? `${+(x / 1000).toPrecision(3)}k` : `${+x.toPrecision(3)}`);

/** Round numbers within a range: 1, 2, 5, 10 … on a logarithmic scale, equal steps on a linear one. */
function ticks(low, high, isLog) {
  const found = [];
  if (isLog) {
    const decades = Math.log10(high / low);
    const within = decades > 3 ? [1] : decades > 1.5 ? [1, 3] : [1, 2, 5];
    for (let power = Math.floor(Math.log10(low)); 10 ** power <= high; power++)
      for (const unit of within) found.push(+(unit * 10 ** power).toPrecision(1));
  } else {
    const unit = 10 ** Math.floor(Math.log10(high / 6));
    const step = [1, 2, 5, 10].map((n) => n * unit).find((size) => high / size <= 6);
    for (let i = 0; i * step <= high * 1.001; i++) found.push(+(i * step).toPrecision(6));
  }
  return found.filter((x) => x >= low * 0.999 && x <= high * 1.001);
}

/** A panel of the plot that begins at `top`: its marks and its height. */
function panelFrom(top, { title, xLabel, isLog, rows, lines = [] }, indexOf) {
  const all = [...rows.flatMap(({ marks }) => marks.map(({ x }) => x)), ...lines.map(({ x }) => x)];
  const [low, high] = isLog ? [Math.min(...all) / 1.25, Math.max(...all) * 1.25] : [0, Math.max(...all) * 1.05];
  const along = (x) => (isLog ? Math.log(x / low) / Math.log(high / low) : x / high);
  const px = (x) => +(LEFT + along(x) * (WIDTH - LEFT - RIGHT)).toFixed(1);
  const first = top + HEADING;
  const bottom = first + ROW * rows.length;
  const text = (x, y, anchor, s, kind = "") =>
    `<text x="${x}" y="${y}" text-anchor="${anchor}"${kind && ` class="${kind}"`}>${escaped(s)}</text>`;
  const svg = [
    text(12, top + 18, "start", title, "title"),
    ...ticks(low, high, isLog).map(
      (x) =>
        `<line class="grid" x1="${px(x)}" x2="${px(x)}" y1="${first}" y2="${bottom}"/>${text(px(x), bottom + 16, "middle", short(x), "soft")}`,
    ),
    ...lines.map(
      ({ x, label }) =>
        `<line class="mark-line" x1="${px(x)}" x2="${px(x)}" y1="${first}" y2="${bottom}"/>${text(px(x), first - 4, "middle", label, "soft")}`,
    ),
    text(WIDTH - RIGHT, bottom + 34, "end", xLabel, "soft"),
    ...rows.flatMap(({ label, note, marks }, i) => {
      const y = first + ROW * (i + 0.5);
      return [
        `<line class="row" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y}" y2="${y}"/>`,
        text(LEFT - 12, y + 4, "end", label),
        note === undefined ? "" : text(WIDTH - RIGHT + 10, y + 4, "start", note, "soft"),
        // The first contestant is drawn last.
        ...marks.toReversed().map(({ series, x, says }) => {
          const { colour, shape } = markOf(indexOf(series));
          return `<g class="${colour}" transform="translate(${px(x)} ${y})"><title>${escaped(says)}</title>${shape}</g>`;
        }),
      ];
    }),
  ];
  return { svg: svg.join("\n"), height: bottom + 48 - top };
}

const colours = (which) =>
  palette.map((pair, i) => `.s${i}{fill:${pair[which]}}`).join("") +
  (which === 0
    ? `.paper{fill:#fff}text{fill:#1d2330}.soft{fill:#5b6475}.grid{stroke:#e3e6ec}.row{stroke:#eef0f4}.mark-line{stroke:#1d2330}g{stroke:#fff}`
    : `.paper{fill:#14171d}text{fill:#e7eaf0}.soft{fill:#a3acbd}.grid{stroke:#2b313c}.row{stroke:#20252e}.mark-line{stroke:#e7eaf0}g{stroke:#14171d}`);

/**
 * A plot as SVG, for light and for dark.
 *
 * @param plot - `title`, `subtitle`, `series` (names, in the order of the legend), and `panels`: each with `title`, `xLabel`,
 * `isLog`, `lines` to compare with (`x`, `label`), and `rows` of `label`, `note` and `marks` (`series`, `x`, `says`).
 */
export function dotPlot({ title, subtitle, series, panels }) {
  const indexOf = (name) => series.indexOf(name);
  const perLine = 3;
  const legend = series.map((name, i) => {
    const [x, y] = [24 + (i % perLine) * 290, 72 + 20 * Math.floor(i / perLine)];
    const { colour, shape } = markOf(i);
    return `<g class="${colour}" transform="translate(${x} ${y - 4})">${shape}</g><text x="${x + 14}" y="${y}">${escaped(name)}</text>`;
  });
  let top = 72 + 20 * Math.ceil(series.length / perLine);
  const drawn = panels
    .filter(({ rows }) => rows.some(({ marks }) => marks.length > 0))
    .map((panel) => {
      const { svg, height } = panelFrom(top, panel, indexOf);
      top += height;
      return svg;
    });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${top}" width="${WIDTH}" height="${top}" role="img" aria-label="${escaped(title)}">
<style>text{font:13px system-ui,sans-serif}.soft{font-size:12px}.title{font-weight:600;font-size:15px}.grid,.row,.mark-line{stroke-width:1}.mark-line{stroke-dasharray:4 3}g{stroke-width:1}${colours(0)}@media(prefers-color-scheme:dark){${colours(1)}}</style>
<rect class="paper" width="${WIDTH}" height="${top}"/>
<text x="12" y="24" class="title" style="font-size:18px">${escaped(title)}</text>
<text x="12" y="44" class="soft">${escaped(subtitle)}</text>
${legend.join("\n")}
${drawn.join("\n")}
</svg>
`;
}
