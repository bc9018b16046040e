import type { JSX } from "preact";

/** Properties of a {@link Select}. */
export interface SelectProps<T extends string | number> {
  readonly label: string;
  readonly options: readonly T[];
  readonly value: T;
  readonly onChange: (value: T) => void;
  /** Name of an option. Default: the option. */
  readonly nameOf?: (option: T) => string;
}

/** One of many options, in a list that opens. */
export function Select<T extends string | number>(props: SelectProps<T>): JSX.Element {
  const { label, options, value, onChange, nameOf = String } = props;
  return (
    <label>
      {label}{" "}
      <select
        value={options.indexOf(value)}
        onChange={(event) => onChange(options[Number(event.currentTarget.value)]!)}
      >
        {options.map((option, i) => (
          <option key={option} value={i}>
            {nameOf(option)}
          </option>
        ))}
      </select>
    </label>
  );
}
