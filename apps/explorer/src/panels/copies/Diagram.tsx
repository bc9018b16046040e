import type { JSX } from "preact";
import type { Layout, PlacedUnit } from "./layout.ts";
import { sameUnit, type Edge, type Unit } from "./model.ts";

/** What a {@link Diagram} shows. */
export interface DiagramProps {
  readonly layout: Layout;
  readonly label: string;
  /** The unit that is looked at. */
  readonly looked: Unit | undefined;
  /** The inputs that it depends on. */
  readonly reach: readonly Unit[];
  /** The weight that is looked at, wherever it stands. */
  readonly weight: string | undefined;
  readonly untied: boolean;
  readonly onPoint: (to: Unit | undefined) => void;
  readonly onPick: (to: Unit) => void;
}

/** Half the width of a unit. */
const SIZE = 17;

/** The net as copies of few neurons: inputs below, what is made of all of it above. */
export function Diagram(props: DiagramProps): JSX.Element {
  const { layout, label, looked, reach, weight, untied, onPoint, onPick } = props;
  const isLooked = (unit: Unit): boolean => looked !== undefined && sameUnit(unit, looked);
  /** A twin is the same neuron elsewhere: there is none where each has weights of its own. */
  const isTwin = (unit: Unit): boolean =>
    !untied && looked !== undefined && unit.level === looked.level && looked.level > 0;
  const classOf = (edge: Edge): string => {
    const isEqual = weight !== undefined && edge.weight === weight;
    const isOwn = weight === undefined && isLooked(edge.to);
    const isTwins = weight === undefined && isTwin(edge.to) && edge.weight !== undefined;
    const colour = edge.weight !== undefined && (!untied || isOwn || isEqual) ? `tap${edge.tap % 4}` : "";
    return ["edge", colour, isEqual || isOwn ? "strong" : isTwins ? "twin" : "faint"].join(" ");
  };
  const markOf = (unit: Unit): string =>
    isLooked(unit) ? "looked" : isTwin(unit) ? "twin" : reach.some((each) => sameUnit(each, unit)) ? "reached" : "";
  return (
    <svg
      class="diagram"
      viewBox={`0 0 ${layout.width} ${layout.height}`}
      style={{ minWidth: `${Math.min(layout.width, 500)}px`, maxWidth: `${layout.width * 1.35}px` }}
      role="img"
      aria-label={label}
      onPointerLeave={() => onPoint(undefined)}
    >
      {layout.edges.map((edge, i) => (
        <line key={i} class={classOf(edge)} x1={edge.x1} y1={edge.y1} x2={edge.x2} y2={edge.y2} />
      ))}
      {layout.units.map((unit) => (
        <g
          key={`${unit.level}.${unit.row}.${unit.column}`}
          class={`unit ${unit.name} ${markOf(unit)}`}
          transform={`translate(${unit.x} ${unit.y})`}
          onPointerEnter={() => onPoint(unit)}
          onClick={() => onPick(unit)}
        >
          <Shape unit={unit} />
          <text dy="0.35em">
            {unit.name === "x"
              ? `x${unit.row === 0 && layout.units.every((each) => each.row === 0) ? subscript(unit.column) : ""}`
              : unit.name}
          </text>
        </g>
      ))}
    </svg>
  );
}

const subscript = (index: number): string => [...String(index)].map((digit) => "₀₁₂₃₄₅₆₇₈₉"[Number(digit)]).join("");

function Shape({ unit }: { readonly unit: PlacedUnit }): JSX.Element {
  if (unit.name === "x") return <circle r={SIZE - 1} />;
  if (unit.name === "F")
    return (
      <path
        d={`M ${-2.4 * SIZE} ${SIZE} L ${-1.5 * SIZE} ${-SIZE} L ${1.5 * SIZE} ${-SIZE} L ${2.4 * SIZE} ${SIZE} Z`}
      />
    );
  return <rect x={-SIZE} y={-SIZE} width={2 * SIZE} height={2 * SIZE} rx={unit.name === "max" ? SIZE : 5} />;
}
