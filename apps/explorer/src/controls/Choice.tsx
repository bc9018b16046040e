import { useId } from "preact/hooks";

interface ChoiceProps<T extends string | number> {
  readonly label: string;
  readonly options: readonly T[];
  readonly value: T;
  readonly onChange: (value: T) => void;
  /** Name of an option. Default: the option. */
  readonly nameOf?: (option: T) => string;
}

/** One of a few options, all of them visible. */
export function Choice<T extends string | number>(props: ChoiceProps<T>) {
  const { label, options, value, onChange, nameOf = String } = props;
  const name = useId();
  return (
    <fieldset class="choice">
      <legend>{label}</legend>
      <div class="options">
        {options.map((option) => (
          <label key={option}>
            <input type="radio" name={name} checked={option === value} onChange={() => onChange(option)} />
            <span>{nameOf(option)}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}

/** One of many options, in a list that opens. */
export function Select<T extends string | number>(props: ChoiceProps<T>) {
  const { label, options, value, onChange, nameOf = String } = props;
  const pick = (chosen: string): void => options.forEach((option) => String(option) === chosen && onChange(option));
  return (
    <label>
      {label}{" "}
      <select value={value} onChange={(event) => pick(event.currentTarget.value)}>
        {options.map((option) => (
          <option key={option} value={option}>
            {nameOf(option)}
          </option>
        ))}
      </select>
    </label>
  );
}
