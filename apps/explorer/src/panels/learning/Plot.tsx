import { useSignalEffect } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type uPlot from "uplot";
import { isDark } from "../../draw/theme.ts";

/** How a line of a {@link Plot} looks. */
export interface Line {
  readonly name: string;
  /** Of the style sheet: `--input`. */
  readonly colour: string;
  readonly dash?: readonly number[];
  /** Points rather than a line through many. */
  readonly dots?: boolean;
}

/** What a {@link Plot} shows. */
export interface PlotProps {
  readonly title: string;
  /** What is to be seen, with its numbers. */
  readonly label: string;
  readonly lines: readonly Line[];
  /** In each steps first, then a list for each of its lines. */
  readonly tables: readonly uPlot.AlignedData[];
  readonly isLogarithmic?: boolean;
  readonly range?: readonly [number, number];
  readonly print: (value: number) => string;
  /** Steps that are marked: the one looked at, and those where something was changed. */
  readonly at: number;
  readonly changes: readonly number[];
  readonly last: number;
  readonly onPick: (step: number) => void;
}

const HEIGHT = 170;
const LEFT = 52;
// uPlot's enumeration exists only in its types.
// oxlint-disable-next-line typescript/no-unsafe-enum-assignment
const LOGARITHMIC = 3 as uPlot.Scale.Distr.Logarithmic;

/** A colour of the style sheet as canvases want it. */
function colourOf(element: HTMLElement, name: string): string {
  element.style.color = `var(${name})`;
  const { color } = getComputedStyle(element);
  element.style.color = "";
  return color;
}

/** What draws curves is fetched with the first of them: a page without any is there sooner. */
const drawing = (): Promise<typeof uPlot> => import("uplot").then((module) => module.default);

/** Curves over steps. Pointing at one looks at that step; the time line does the same for keys. */
export function Plot(props: PlotProps): JSX.Element {
  const root = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const latest = useRef(props);
  latest.current = props;

  const library = useRef<typeof uPlot | undefined>(undefined);
  const makes = useRef(0);
  const make = (): void => {
    const mine = ++makes.current;
    void drawing().then((Curves) => {
      const element = root.current;
      // Another one may be under way, or the panel gone.
      if (element === null || mine !== makes.current) return;
      plot.current?.destroy();
      plot.current = new Curves(optionsOf(element, latest), Curves.join([...latest.current.tables]), element);
      library.current = Curves;
    });
  };
  const kind = props.lines.map(({ name, colour }) => name + colour).join();
  useEffect(() => {
    make();
    const observer = new ResizeObserver(([entry]) => {
      const width = Math.floor(entry!.contentRect.width);
      if (width > 0 && plot.current !== undefined && plot.current.width !== width)
        plot.current.setSize({ width, height: HEIGHT });
    });
    observer.observe(root.current!);
    return () => {
      observer.disconnect();
      plot.current?.destroy();
      plot.current = undefined;
    };
  }, [kind]);
  useSignalEffect(() => {
    void isDark.value;
    make();
  });
  useEffect(() => {
    if (library.current !== undefined) plot.current?.setData(library.current.join([...props.tables]));
  }, [props.tables]);
  useEffect(() => plot.current?.redraw(false), [props.at]);

  const pick = (event: PointerEvent): void => {
    const current = plot.current;
    if (current === undefined || event.buttons === 0) return;
    const left = event.clientX - current.over.getBoundingClientRect().left;
    const { last, onPick } = latest.current;
    onPick(Math.max(0, Math.min(last, Math.round(current.posToVal(left, "x")))));
  };
  return (
    <div class="plot">
      <p class="caption">
        <b>{props.title}</b>
      </p>
      <div ref={root} role="img" aria-label={props.label} onPointerDown={pick} onPointerMove={pick} />
    </div>
  );
}

function optionsOf(element: HTMLElement, latest: { readonly current: PlotProps }): uPlot.Options {
  const { lines, isLogarithmic = false, range, print } = latest.current;
  const [ink, grid, chosen, casing] = ["--muted", "--hairline", "--chosen", "--casing"].map((name) =>
    colourOf(element, name),
  ) as [string, string, string, string];
  const font = "12px system-ui, sans-serif";
  const axis = { stroke: ink, grid: { stroke: grid, width: 1 }, ticks: { stroke: grid, width: 1, size: 4 }, font };
  const upright = (plot: uPlot, step: number, draw: (context: CanvasRenderingContext2D) => void): void => {
    const { ctx, bbox } = plot;
    const x = Math.round(plot.valToPos(step, "x", true));
    ctx.save();
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    draw(ctx);
    ctx.restore();
  };
  const stroke = (context: CanvasRenderingContext2D, colour: string, width: number, dash: number[] = []): void => {
    Object.assign(context, { strokeStyle: colour, lineWidth: width * devicePixelRatio });
    context.setLineDash(dash);
    context.stroke();
  };
  return {
    width: Math.max(100, element.clientWidth),
    height: HEIGHT,
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, points: { show: false }, y: false },
    scales: {
      x: { time: false, range: () => [0, Math.max(10, latest.current.last)] },
      y: isLogarithmic ? { distr: LOGARITHMIC } : range === undefined ? {} : { range: () => [...range] },
    },
    axes: [
      { ...axis, size: 28 },
      { ...axis, size: LEFT, values: (_, splits) => splits.map((value) => (value === null ? "" : print(value))) },
    ],
    series: [
      {},
      ...lines.map(({ name, colour, dash, dots }) => ({
        label: name,
        stroke: colourOf(element, colour),
        width: dots ? 1 : 2,
        dash: [...(dash ?? [])],
        spanGaps: true,
        points: { show: dots ?? false, size: 7, fill: colourOf(element, colour) },
      })),
    ],
    hooks: {
      draw: [
        (plot) => {
          for (const step of latest.current.changes)
            upright(plot, step, (context) => stroke(context, ink, 1, [2 * devicePixelRatio, 3 * devicePixelRatio]));
          upright(plot, latest.current.at, (context) => {
            stroke(context, casing, 4);
            stroke(context, chosen, 2);
          });
        },
      ],
    },
  };
}
