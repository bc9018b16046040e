import type { VolumeRow } from "@convlens/analysis";
import { grouped } from "../../draw/shown.ts";
import { productsOf } from "./model.ts";

/** A row for each volume: its shape, numbers, weights, multiply-adds and receptive field. */
export function Table(props: {
  readonly rows: readonly VolumeRow[];
  readonly pointed: number | undefined;
  readonly onPoint: (to: number | undefined) => void;
}) {
  const { rows, pointed, onPoint } = props;
  const most = (of: (row: VolumeRow) => number): number => Math.max(1, ...rows.map(of));
  const columns = [
    { of: (row: VolumeRow) => row.memory, className: "memory" },
    { of: (row: VolumeRow) => row.weights, className: "weights-of" },
    { of: productsOf, className: "products-of" },
  ].map((column) => ({ ...column, most: most(column.of) }));
  const total = (of: (row: VolumeRow) => number): string => grouped(rows.reduce((sum, row) => sum + of(row), 0));
  return (
    <div class="wide" tabIndex={0} role="group" aria-label="Table of volumes">
      <table class="volume-table">
        <thead>
          <tr>
            <th scope="col">Layer</th>
            <th scope="col">Volume</th>
            <th scope="col">Numbers</th>
            <th scope="col">Weights</th>
            <th scope="col">Multiply-adds</th>
            <th scope="col">Receptive field</th>
            <th scope="col">Jump</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row, i) => (
            <tr
              key={i}
              class={pointed === i ? "chosen" : ""}
              onPointerEnter={() => onPoint(i)}
              onPointerLeave={() => onPoint(undefined)}
            >
              <th scope="row">{row.name}</th>
              <td>{row.shape.join(" × ")}</td>
              {columns.map(({ of, className, most }) => (
                <td key={className} class={className} style={{ "--share": (of(row) / most).toFixed(4) }}>
                  {of(row) === 0 ? "" : grouped(of(row))}
                </td>
              ))}
              <td>
                {row.receptiveField ? `${row.receptiveField.size} × ${row.receptiveField.size}` : i > 0 ? "all" : ""}
              </td>
              <td>{row.receptiveField?.jump}</td>
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row">Sum</th>
            <td />
            {columns.map(({ of, className }) => (
              <td key={className}>{total(of)}</td>
            ))}
            <td />
            <td />
          </tr>
        </tfoot>
      </table>
    </div>
  );
}
