import { drawModules } from "@convlens/analysis/render";
import { Drawing, type DrawingProps } from "../../draw/Drawing.tsx";
import { graphInside, graphOf, lineOf, linesOf, sameUnit, unitsOf, type Edge, type Level, type Unit } from "./model.ts";

interface DiagramProps {
  readonly levels: readonly Level[];
  readonly edges: readonly Edge[];
  readonly title: string;
  /** The unit under the pointer, or the selected one. */
  readonly looked: Unit | undefined;
  /** The inputs in its receptive field. */
  readonly reach: readonly Unit[];
  /** The selected weight. */
  readonly weight: string | undefined;
  readonly untied: boolean;
  readonly onPoint: (to: Unit | undefined) => void;
  readonly onPick: (to: Unit) => void;
}

/** The net as copies of few neurons, with its copies and weights highlighted. */
export function Diagram(props: DiagramProps) {
  const { levels, edges, title, looked, reach, weight, untied, onPoint, onPick } = props;
  const isLooked = (unit: Unit): boolean => looked !== undefined && sameUnit(unit, looked);
  /** A twin is a copy of the same neuron. With untied weights there are none. */
  const isTwin = (unit: Unit): boolean =>
    !untied && looked !== undefined && unit.level === looked.level && looked.level > 0;
  const lineClass = (edge: Edge): string => {
    const isEqual = weight !== undefined && edge.weight === weight;
    const isOwn = weight === undefined && isLooked(edge.to);
    const isTwins = weight === undefined && isTwin(edge.to) && edge.weight !== undefined;
    const colour = edge.weight !== undefined && (!untied || isOwn || isEqual) ? `tap${edge.tap % 4}` : "";
    return ["edge", colour, isEqual || isOwn ? "strong" : isTwins ? "twin" : "faint"].join(" ");
  };
  const markOf = (unit: Unit): string =>
    isLooked(unit) ? "looked" : isTwin(unit) ? "twin" : reach.some((each) => sameUnit(each, unit)) ? "reached" : "";
  const units = levels.map(unitsOf);
  const lines = linesOf(levels, edges);
  const decorate: DrawingProps["decorate"] = (shape) => {
    const { "data-stage": level, "data-element": element } = shape;
    if (element !== undefined) {
      const unit = units[Number(level)]![Number(element)]!;
      return {
        class: `unit ${unit.name} ${markOf(unit)}`,
        onPointerEnter: () => onPoint(unit),
        onClick: () => onPick(unit),
      };
    }
    const edge = level === undefined ? undefined : lines.get(lineOf(shape));
    return edge && { class: lineClass(edge) };
  };
  return (
    <Drawing
      class="diagram"
      zoom={1.4}
      draw={(width) => drawModules(graphOf(levels, edges), { width, title })}
      decorate={decorate}
      onPointerLeave={() => onPoint(undefined)}
    />
  );
}

/** Properties of {@link Inside}. */
export interface InsideProps {
  readonly inputs: number;
  readonly neurons: number;
  /** Neurons of a second layer; 0 for none. */
  readonly inner: number;
}

/** The neurons of one A: in parallel, with the same inputs; and the neurons of a second layer that reads them. */
export function Inside({ inputs, neurons, inner }: InsideProps) {
  const second = inner > 0 ? `; behind them ${inner}, connected to all of those` : "";
  const title = `Inside A: ${neurons} ${neurons === 1 ? "neuron" : "neurons"} in parallel, each connected to the same ${inputs} inputs with weights of its own${second}`;
  const decorate: DrawingProps["decorate"] = ({ "data-stage": level, "data-element": element, "data-to": to }) =>
    to !== undefined
      ? { class: `edge twin neuron${to}` }
      : element !== undefined
        ? { class: level === 0 ? "unit x" : "unit A" }
        : undefined;
  return (
    <Drawing
      class="diagram inside"
      zoom={1.4}
      draw={(width) => drawModules(graphInside(inputs, neurons, inner), { width, title })}
      decorate={decorate}
    />
  );
}
