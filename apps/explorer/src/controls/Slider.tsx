import type { WholeField } from "../fields.ts";

/** Properties of a {@link Slider}. */
export interface SliderProps {
  readonly label: string;
  readonly field: Pick<WholeField, "least" | "most">;
  readonly value: number;
  /** Text in place of the value. */
  readonly shown?: string | undefined;
  readonly onChange: (value: number) => void;
  /** Upper bound where not all of the field makes sense now. */
  readonly most?: number;
}

/** A whole number within the bounds of its field, by pointer or arrow keys. */
export function Slider({ label, field, value, shown, onChange, most = field.most }: SliderProps) {
  return (
    <label class="slider">
      <span>{label}</span>
      <output>{shown ?? value}</output>
      <input
        type="range"
        min={field.least}
        max={most}
        value={value}
        aria-label={label}
        aria-valuetext={shown}
        onInput={(event) => onChange(event.currentTarget.valueAsNumber)}
      />
    </label>
  );
}
