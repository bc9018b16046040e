import { useComputed, useSignal } from "@preact/signals";
import { useAnswer } from "../../compute/compute.ts";
import { Choice } from "../../controls/Choice.tsx";
import { Code } from "../../controls/Code.tsx";
import { Numbers } from "../../controls/Grid.tsx";
import { inWords, type Place } from "../../place.ts";
import { More } from "../../controls/More.tsx";
import { Notice } from "../../controls/Notice.tsx";
import { Select } from "../../controls/Choice.tsx";
import { gray, Plate, signed, type PictureProps, type Pixels } from "../../draw/Picture.tsx";
import { SIDE } from "../../draw/samples.ts";
import { shown } from "../../draw/shown.ts";
import { extremes, largestSize } from "../../numbers.ts";
import type { PanelProps } from "../../controls/panelProps.tsx";
import {
  codeOf,
  imageOf,
  kernelsFields,
  lookedAt,
  lostBy,
  nameOf,
  presetNames,
  presets,
  requestOf,
  resultSide,
  sumSentence,
  thenRequestOf,
} from "./model.ts";
import { Composed, Products } from "./Products.tsx";
import { Source } from "./Source.tsx";

type Props = PanelProps<typeof kernelsFields>;

/** An image, nine numbers, and the result of the convolution. */
export function KernelsView(props: Props) {
  const { signal, state, set, slider, choice, check } = props;
  const own = useSignal<Float32Array | undefined>(undefined);
  const [name, sheet] = [useComputed(() => signal.value.image), useComputed(() => signal.value.sheet)];
  const image = useComputed(() => own.value ?? imageOf({ image: name.value, sheet: sheet.value }));
  const first = useAnswer("convolution", () => requestOf(signal.value, image.value));
  const second = useAnswer("convolution", () => {
    const result = first.value.value?.output;
    return result && thenRequestOf(signal.value, result);
  });
  return (
    <>
      <Source {...props} own={own} />
      <Choice
        label="Kernel"
        options={presetNames}
        value={nameOf(state) ?? ("" as never)}
        onChange={(preset) => set(presets[preset])}
      />
      <Notice text={first.value.problem ?? second.value.problem} />
      <Pictures {...props} image={image.value} result={first.value.value?.output} twice={second.value.value?.output} />
      <div class="controls">
        {slider("row", "Row")}
        {slider("column", "Column")}
        {choice("border", "Beyond the border")}
      </div>
      <More title="More: divide, flip, a second kernel">
        {slider("divisor", "Divide by")}
        {check("flip", "Flip the kernel (convolution in mathematics)")}
        <Select
          label="Then, on the result"
          options={kernelsFields.next.options}
          value={state.next}
          onChange={(next) => set({ next })}
        />
      </More>
      {state.next !== "nothing" && <Composed state={state} then={state.next} />}
      <p class="readout" role="status">
        {sumSentence(state)}
      </p>
      <Code text={codeOf(state)} />
    </>
  );
}

/** Image, kernel and results side by side, and the products of the place that the pointer is at. */
function Pictures(
  props: Props & {
    readonly image: Float32Array;
    readonly result: Float32Array | undefined;
    readonly twice: Float32Array | undefined;
  },
) {
  const { state, set, image, result, twice } = props;
  const pointed = useSignal<Place | undefined>(undefined);
  const at = lookedAt(state, pointed.value ?? { row: state.row - 1, column: state.column - 1 });
  const lost = lostBy(state);
  /** Handlers of a picture whose first pixel is at `offset` of the image. */
  const pointing = (offset: number) => ({
    onPoint: (to: Place | undefined): void =>
      void (pointed.value = to && { row: to.row + offset, column: to.column + offset }),
    onPick: ({ row, column }: Place): void => set({ row: row + offset + 1, column: column + offset + 1 }),
  });
  const place = { row: at.row - lost, column: at.column - lost };
  const computed = result?.[place.row * resultSide(state) + place.column];
  return (
    <>
      <div class="pictures">
        <Plate
          title="Image"
          caption={`, ${SIDE} × ${SIDE}`}
          pixels={gray(image)}
          label={`The image; the pixel at ${inWords(at)} is ${shown(image[at.row * SIDE + at.column]!)}`}
          frame={{ row: at.row - 1, column: at.column - 1, rows: 3, columns: 3 }}
          {...pointing(0)}
          hasLegend
        />
        <KernelCells {...props} />
        {result && (
          <Result name="Result" values={result} frame={{ ...place, rows: 1, columns: 1 }} {...pointing(lost)} />
        )}
        {twice && state.next !== "nothing" && <Result name={`Then ${state.next}`} values={twice} />}
      </div>
      {computed !== undefined && <Products state={state} image={image} at={at} computed={computed} />}
    </>
  );
}

/** A result in greys, or in the colours of signs if a number is negative. */
function Result({
  name,
  values,
  ...picture
}: Omit<PictureProps, "pixels" | "label"> & { readonly name: string; readonly values: Float32Array }) {
  const [least, greatest] = extremes(values);
  const range = `from ${shown(least)} to ${shown(greatest)}`;
  const grays: Pixels = { values, range: [0, Math.max(1, greatest)], map: "gray" };
  return (
    <Plate
      {...picture}
      title={name}
      caption={`, ${range}`}
      pixels={least < -1e-4 ? signed(values) : grays}
      label={`${name}: numbers ${range}`}
      hasLegend
    />
  );
}

/** The kernel, which can be edited. */
function KernelCells({ state, set }: Props) {
  const { cells, divisor } = state;
  return (
    <div class="kernel">
      <Numbers
        title="Kernel"
        caption={divisor === 1 ? "" : ` / ${divisor}`}
        label="Kernel"
        className="large"
        values={cells}
        most={largestSize(cells, 1)}
        placeName={(at) => `kernel, ${inWords(at)}`}
        onEdit={(cells) => set({ cells })}
      />
    </div>
  );
}
