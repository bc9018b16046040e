import type { JSX } from "preact";
import type { ChoiceField, Field, StateOf, WholeField } from "../fields.ts";
import type { PanelProps } from "../panel.ts";
import { Check } from "./Check.tsx";
import { Choice } from "./Choice.tsx";
import { Slider, type SliderProps } from "./Slider.tsx";

/** Names of the fields of a kind. */
type NamesOf<F, Kind> = { [N in keyof F]: F[N] extends Kind ? N : never }[keyof F] & string;
type OptionOf<F, N extends keyof F> = StateOf<F>[N] & string;

/** Controls of a panel's fields, bound to its state. */
export interface Controls<F> {
  /** A slider of a whole number; `more` narrows it, or shows another value. */
  readonly slider: (
    name: NamesOf<F, WholeField>,
    label: string,
    more?: Partial<Pick<SliderProps, "most" | "value" | "onChange">>,
  ) => JSX.Element;
  /** The options of a choice, all of them visible. */
  readonly choice: <N extends NamesOf<F, ChoiceField<string>>>(
    name: N,
    label: string,
    names?: Readonly<Record<OptionOf<F, N>, string>>,
  ) => JSX.Element;
  /** A box to tick. */
  readonly check: (name: NamesOf<F, Field<boolean>>, label: string) => JSX.Element;
}

/** The controls of a panel. */
export function controlsOf<F extends object>(fields: F, { state, set }: PanelProps<F>): Controls<F> {
  const now = state.value as Readonly<Record<string, never>>;
  const all = fields as Readonly<Record<string, unknown>>;
  const change = (name: string, value: unknown): void => set({ [name]: value } as Partial<StateOf<F>>);
  return {
    slider: (name, label, more) => (
      <Slider
        key={name}
        label={label}
        field={all[name] as WholeField}
        value={now[name]!}
        onChange={(value) => change(name, value)}
        {...more}
      />
    ),
    choice: (name, label, names) => (
      <Choice<string>
        label={label}
        options={(all[name] as ChoiceField<string>).options}
        value={now[name]!}
        onChange={(value) => change(name, value)}
        {...(names && { nameOf: (option: string) => names[option as keyof typeof names] })}
      />
    ),
    check: (name, label) => <Check label={label} value={now[name]!} onChange={(value) => change(name, value)} />,
  };
}
